"""The gallery in the Django admin: look, and moderate."""

from config.staff_views import StaffView, staff_views
from gallery.admin import figures as figures
from gallery.admin.items import GalleryItemAdmin
from gallery.admin.queue import queue
from gallery.admin.reports import GalleryReportAdmin

staff_views.plug(
    "moderation_queue",
    StaffView(
        "moderation/queue/",
        queue,
        "gallery.view_galleryreport",
        acting="gallery.change_galleryreport",
        title="Reports to decide",
        icon="gavel",
        area="Moderation",
    ),
)

__all__ = ["GalleryItemAdmin", "GalleryReportAdmin"]
