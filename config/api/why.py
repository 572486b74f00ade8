"""Why staff do what they do: asked for by whatever acts on what is somebody else's."""

from __future__ import annotations

from typing import Final

from config.api.errors import refuse
from config.api.texts import has_content

MAX_REASON: Final = 500
"""Characters."""


def check_reason(reason: str) -> str:
    """The reason without blanks around it. Raises ValidationFailed for ``reason``."""
    reason = reason.strip()
    if not has_content(reason):
        refuse("reason", "Say why: the audit log keeps it.")
    if len(reason) > MAX_REASON:
        refuse("reason", f"At most {MAX_REASON} characters.")
    return reason
