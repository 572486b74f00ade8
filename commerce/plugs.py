"""What commerce plugs into the hooks of others."""

from accounts.hooks import user_created, user_data, user_figures, user_verified
from commerce.services import personal_data, signup, wallets

user_created.plug("commerce", signup.welcome)
user_verified.plug("commerce", signup.welcome_verified)
user_data.plug("commerce", personal_data.HOLDER)
user_figures.plug("commerce", wallets.credits_of)
