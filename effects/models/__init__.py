"""Tables of the public catalogue: categories and effects."""

from effects.models.categories import RESERVED_SLUGS, Category
from effects.models.effects import Effect

__all__ = ["RESERVED_SLUGS", "Category", "Effect"]
