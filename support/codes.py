"""The error codes of support."""

from config.api.codes import Code

CODES = {
    "already_closed": Code(422, "This request is closed already."),
    "request_closed": Code(422, "This request is closed; open it again to answer."),
    "invalid_transition": Code(422, "This status can't follow the present one."),
}
