"""What ``values()`` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Columns: TypeAlias = Mapping[str, Any]
"""One row: each column is of the kind that its model's field says, which types can't follow through lists of names."""
