"""What support plugs into the hooks of others."""

from accounts.hooks import Belongings, user_belongings, user_data
from support.services import personal_data

user_data.plug("support", personal_data.HOLDER)
user_belongings.plug("support.supportrequest", Belongings("author", ("subject", "status", "created_at")))
