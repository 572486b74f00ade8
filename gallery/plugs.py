"""What the gallery plugs into the hooks of others."""

from accounts.hooks import user_data
from gallery.services import personal_data, publication_date, refresh, unpublish
from studio.hooks import video_changed, video_deleted, video_published

user_data.plug("gallery", personal_data.HOLDER)
video_published.plug("gallery", publication_date)
video_changed.plug("gallery", refresh)
video_deleted.plug("gallery", unpublish)
