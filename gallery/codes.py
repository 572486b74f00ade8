"""The error codes of the gallery."""

from config.api.codes import Code

CODES = {
    "effect_gone": Code(404, "The effect of this video is no longer offered"),
    "not_completed": Code(422, "Only a completed video can be published."),
    "removed_by_moderators": Code(422, "Moderators have removed this video from the gallery."),
}
