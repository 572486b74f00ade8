"""What the gallery plugs into the hooks of others."""

from accounts.hooks import user_data
from gallery.services import personal_data

user_data.plug("gallery", personal_data.HOLDER)
