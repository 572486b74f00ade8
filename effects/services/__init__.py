"""The verbs of the catalogue."""

from effects.services.catalogue import (
    check_effect_id,
    create_effect,
    delete_effect,
    find_effect,
    record_use,
    restore_effect,
    update_effect,
)
from effects.services.categories import create_category, delete_category, update_category
from effects.services.parameters import (
    check_payload,
    clean_payload,
    effect_parameters,
    payload_file_ids,
    payload_files,
)

__all__ = [
    "check_effect_id",
    "check_payload",
    "clean_payload",
    "create_category",
    "create_effect",
    "delete_category",
    "delete_effect",
    "effect_parameters",
    "find_effect",
    "payload_file_ids",
    "payload_files",
    "record_use",
    "restore_effect",
    "update_category",
    "update_effect",
]
