"""The error code of what staff have switched off."""

from config.api.codes import Code

CODES = {
    "switched_off": Code(422, "Uploads are closed for the moment."),
}
