"""What the accounts plug into the hooks of others."""

from django.conf import settings
from django.utils import timezone

from accounts.hooks import Belongings, address_complaint, user_belongings
from accounts.services import allowances, event_stream, lockout, personal_data
from config.platform.hooks import every_pass, named_in
from config.platform.streams import no_longer_followed
from tenants.runtime import SWITCH, RuntimeSetting, runtime_settings

every_pass.plug("data requests queued again", lambda: personal_data.queue_again(timezone.now()))
every_pass.plug("exports swept", lambda: personal_data.sweep_exports(timezone.now()))
every_pass.plug("allowances forgotten", lambda: allowances.forget_over(timezone.now()))
every_pass.plug("failed logins forgotten", lambda: lockout.forget_over(timezone.now()))
no_longer_followed.plug("logins", event_stream.no_longer_signed_in)
for path in settings.EMAIL_CHECKS:
    address_complaint.plug(path, named_in("EMAIL_CHECKS", path))
user_belongings.plug("accounts.auditentry", Belongings("subject", ("event", "address", "at")))
runtime_settings.plug(
    "REGISTRATION_OPEN",
    RuntimeSetting(
        "Registration",
        "New accounts, also by another site's sign-in. Whoever was invited to a workspace comes in all the same.",
        SWITCH,
        refusal="Registration is closed for the moment.",
    ),
)
runtime_settings.plug(
    "INVITATIONS_PER_TENANT",
    RuntimeSetting("Invitations a day", "What one workspace may send.", most=100_000),
)
