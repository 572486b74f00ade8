"""What messaging plugs into the hooks of others."""

from accounts.hooks import user_data
from messaging.services import personal_data

user_data.plug("messaging", personal_data.HOLDER)
