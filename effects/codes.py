"""The error codes of the catalogue."""

from config.api.codes import Code

CODES = {
    "category_in_use": Code(422, "This category still has products."),
}
