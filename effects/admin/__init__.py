"""The catalogue on the staff's site."""

from effects.admin import ordering
from effects.admin.catalogue import CategoryAdmin, EffectAdmin

__all__ = ["CategoryAdmin", "EffectAdmin", "ordering"]
