"""Where apps that hold credits plug in; commerce knows none of them."""

from __future__ import annotations

from collections.abc import Iterable

from config.platform.hooks import hook


@hook
def holds_compared() -> Iterable[str]:
    """Contradictions between the open holds of one reference type and the rows they are for, in words; the key is the
    type. Called by the audit over all tenants."""
    raise NotImplementedError
