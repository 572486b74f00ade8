"""What commerce plugs into the hooks of others."""

from accounts.hooks import Belongings, user_belongings, user_created, user_data, user_figures, user_verified
from commerce.hooks import payment_providers
from commerce.models import PaymentMethod
from commerce.services import orders, personal_data, signup, wallets
from commerce.services.providers.balance import BalanceProvider
from commerce.services.providers.manual import ManualProvider
from commerce.services.providers.stripe import StripeProvider
from config.platform.hooks import every_hour
from tenants.runtime import RuntimeSetting, runtime_settings

user_created.plug("commerce", signup.welcome)
user_verified.plug("commerce", signup.welcome_verified)
user_data.plug("commerce", personal_data.HOLDER)
user_figures.plug("commerce", wallets.credits_of)
user_belongings.plug("commerce.wallet", Belongings("user", ("kind", "currency", "balance", "held")))
user_belongings.plug(
    "commerce.financeoperation",
    Belongings("user", ("type", "status", "amount", "balance_after", "description", "created_at")),
)
user_belongings.plug(
    "commerce.order", Belongings("customer", ("status", "payment_method", "total_cost", "currency", "created_at"))
)
user_belongings.plug("commerce.payment", Belongings("user", ("provider", "status", "amount", "currency", "created_at")))
every_hour.plug("orders that nobody paid", orders.expire_orders)
payment_providers.plug(PaymentMethod.STRIPE, StripeProvider())
payment_providers.plug(PaymentMethod.BALANCE, BalanceProvider())
payment_providers.plug(PaymentMethod.BANK_TRANSFER, ManualProvider("bank transfer"))
payment_providers.plug(PaymentMethod.CASH, ManualProvider("cash"))
runtime_settings.plug(
    "SIGNUP_CREDITS", RuntimeSetting("Signup credits", "What a new account is given, once.", most=1_000_000)
)
