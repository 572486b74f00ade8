"""What commerce plugs into the hooks of others."""

from accounts.hooks import user_created, user_data, user_figures, user_verified
from commerce.services import orders, personal_data, signup, wallets
from config.platform.hooks import every_hour

user_created.plug("commerce", signup.welcome)
user_verified.plug("commerce", signup.welcome_verified)
user_data.plug("commerce", personal_data.HOLDER)
user_figures.plug("commerce", wallets.credits_of)
every_hour.plug("orders that nobody paid", orders.expire_orders)
