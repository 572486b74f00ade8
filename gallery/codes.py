"""The error codes of the gallery."""

from config.api.codes import Code

CODES = {
    "already_moderated": Code(409, "This video is hidden already."),
    "decided_meanwhile": Code(409, "Ada has decided meanwhile: the video is hidden."),
    "effect_gone": Code(404, "The effect of this video is no longer offered"),
    "no_open_reports": Code(409, "No report about this video waits for a decision."),
    "not_completed": Code(422, "Only a completed video can be published."),
    "removed_by_moderators": Code(422, "Moderators have removed this video from the gallery."),
}
