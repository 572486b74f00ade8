"""Tables of the studio: files, videos, renders, and the catalogue of models and presets they draw on."""

from studio.models.catalogue import ModelFile, Preset
from studio.models.catalogue_tasks import CatalogueTask
from studio.models.files import MediaFile
from studio.models.jobs import RenderJob
from studio.models.moderation import BlockedPhrase
from studio.models.steering import FrameRecord, Steering, SteeringCommand
from studio.models.storage import StoredBlob, TenantStorage
from studio.models.timeline import RenderEvent
from studio.models.turns import QueueTotal, QueueTurn, QueueUser
from studio.models.videos import Video
from studio.models.workers import WorkerDrain

__all__ = [
    "BlockedPhrase",
    "CatalogueTask",
    "FrameRecord",
    "MediaFile",
    "ModelFile",
    "Preset",
    "QueueTotal",
    "QueueTurn",
    "QueueUser",
    "RenderEvent",
    "RenderJob",
    "Steering",
    "SteeringCommand",
    "StoredBlob",
    "TenantStorage",
    "Video",
    "WorkerDrain",
]
