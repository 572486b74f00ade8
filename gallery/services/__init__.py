"""The verbs of the gallery."""

from gallery.services.moderation import ban, dismiss, moderate, report, version_of
from gallery.services.publication import publication_date, publish, refresh, unpublish
from gallery.services.reactions import has_liked, like, record_view, unlike
from gallery.services.viewing import find_item, remix

__all__ = [
    "ban",
    "dismiss",
    "find_item",
    "has_liked",
    "like",
    "moderate",
    "publication_date",
    "publish",
    "record_view",
    "refresh",
    "remix",
    "report",
    "unlike",
    "unpublish",
    "version_of",
]
