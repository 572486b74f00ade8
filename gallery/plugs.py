"""What the gallery plugs into the hooks of others."""

from accounts.hooks import Belongings, user_belongings, user_data
from gallery.services import personal_data, publication_date, refresh, unpublish
from studio.hooks import video_changed, video_deleted, video_published
from tenants.runtime import SWITCH, RuntimeSetting, runtime_settings

user_data.plug("gallery", personal_data.HOLDER)
user_belongings.plug("gallery.galleryitem", Belongings("owner", ("title", "moderation", "views", "published_at")))
video_published.plug("gallery", publication_date)
video_changed.plug("gallery", refresh)
video_deleted.plug("gallery", unpublish)
runtime_settings.plug(
    "GALLERY_OPEN",
    RuntimeSetting(
        "Publishing",
        "New videos in the gallery. What is published stays.",
        SWITCH,
        refusal="The gallery takes no new videos at the moment.",
    ),
)
