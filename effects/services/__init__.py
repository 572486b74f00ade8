"""The verbs of the catalogue."""

from effects.services.catalogue import (
    create_effect,
    delete_effect,
    find_effect,
    record_use,
    restore_effect,
    update_effect,
)
from effects.services.parameters import clean_payload, effect_parameters, payload_files

__all__ = [
    "clean_payload",
    "create_effect",
    "delete_effect",
    "effect_parameters",
    "find_effect",
    "payload_files",
    "record_use",
    "restore_effect",
    "update_effect",
]
