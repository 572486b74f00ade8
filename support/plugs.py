"""What support plugs into the hooks of others."""

from accounts.hooks import user_data
from support.services import personal_data

user_data.plug("support", personal_data.HOLDER)
