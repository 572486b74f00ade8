"""The studio in the Django admin: a client of the services, never a second home for their rules."""

from studio.admin import boards as boards
from studio.admin import figures as figures
from studio.admin.catalogue import ModelFileAdmin, PresetAdmin
from studio.admin.catalogue_tasks import CatalogueTaskAdmin
from studio.admin.files import MediaFileAdmin
from studio.admin.jobs import RenderJobAdmin
from studio.admin.moderation import BlockedPhraseAdmin
from studio.admin.videos import VideoAdmin

__all__ = [
    "BlockedPhraseAdmin",
    "CatalogueTaskAdmin",
    "MediaFileAdmin",
    "ModelFileAdmin",
    "PresetAdmin",
    "RenderJobAdmin",
    "VideoAdmin",
]
