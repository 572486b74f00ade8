"""Who may come in: users, passwords, tokens, throttles."""

from datetime import timedelta

from marshmallow.validate import Length

from config.api.conf import HTTP
from config.settings.environment import env

REST_FRAMEWORK = {**HTTP, "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.SessionJWTAuthentication"]}
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "accounts.hashing.PatientArgon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# At once, by all processes that share the data folder: each takes 100 MiB.
PASSWORD_HASHES = env.whole("PASSWORD_HASHES", 2)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "accounts.validators.BreachedPasswordValidator"},
]
BREACHED_PASSWORDS_FILE = env.file("BREACHED_PASSWORDS_FILE")
"""Empty: passwords are not compared with known breaches."""
EMAIL_CHECKS = env.list("EMAIL_CHECKS", ["accounts.services.addresses.not_disposable"])
DISPOSABLE_DOMAINS_FILE = env.file("DISPOSABLE_DOMAINS_FILE")

# How long the links in mails work.
PASSWORD_RESET_TIMEOUT = env.whole("PASSWORD_RESET_SECONDS", 3600)
EMAIL_VERIFICATION_SECONDS = env.whole("EMAIL_VERIFICATION_SECONDS", 3 * 24 * 3600)
INVITATION_DAYS = env.whole("INVITATION_DAYS", 14)
# A day: of one workspace, and to one address by whomever.
INVITATIONS_PER_TENANT = env.whole("INVITATIONS_PER_TENANT", 100, least=0)
INVITATIONS_PER_RECIPIENT = env.whole("INVITATIONS_PER_RECIPIENT", 5, least=0)
# An hour, to one address: whoever asks for them need not be who reads them.
LINK_MAILS_PER_HOUR = env.whole("LINK_MAILS_PER_HOUR", 10, least=0)
# How long a copy of one's data can be fetched.
EXPORT_DAYS = env.whole("EXPORT_DAYS", 7)

LOGIN_URL = "admin:login"

# How long one of the staff acts as a user at a time.
ACT_AS_MINUTES = env.whole("ACT_AS_MINUTES", 15, most=120)
STAFF_SECOND_FACTOR = env.word("STAFF_SECOND_FACTOR", "optional", ("optional", "required"))
"""``required``: whoever is staff has no more rights than others until a second factor is set up."""
MFA_ADAPTER = "accounts.services.factor_secrets.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Mage AI Studio"
# Clocks of phones differ; one step of 30 s either way.
MFA_TOTP_TOLERANCE = 1

SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=env.whole("ACCESS_TOKEN_SECONDS", 3600)),
    "REFRESH_TOKEN_LIFETIME": timedelta(seconds=env.whole("REFRESH_TOKEN_SECONDS", 30 * 24 * 3600)),
    "ALGORITHM": "HS256",
    # Clocks of our machines differ.
    "LEEWAY": timedelta(seconds=env.whole("TOKEN_LEEWAY_SECONDS", 5, least=0)),
}
REFRESH_GRACE_SECONDS = env.whole("REFRESH_GRACE_SECONDS", 10, least=0)
"""How long a refresh token that was just exchanged gets the same answer once more."""
REAUTHENTICATE_AFTER_SECONDS = env.whole("REAUTHENTICATE_AFTER_SECONDS", 900, least=0)
"""So long after signing in a new password or address is had for the asking; then it takes the password."""

ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None

# The databases' shards a tenant can be assigned to, by name; one pool on one machine.
TENANT_DB_POOLS = env.list("TENANT_DB_POOLS", ["tenant_pool_01"], validate=Length(min=1))

_throttle_off = env.word("THROTTLE", "on", ("on", "off")) == "off"


def _rate(name: str, default: str) -> str:
    return env.pattern(name, default, r"[1-9][0-9]{0,8}/[smhdSMHD][a-z]*", "30/min")


_rates = {
    "api": _rate("THROTTLE_API", "1200/min"),
    "login": _rate("THROTTLE_LOGIN", "30/min"),
    "register": _rate("THROTTLE_REGISTER", "30/min"),
    "reset": _rate("THROTTLE_RESET", "30/min"),
    "upload": _rate("THROTTLE_UPLOAD", "60/min"),
    "webhook": _rate("THROTTLE_WEBHOOK", "6000/min"),
    "render": _rate("THROTTLE_RENDER", "120/min"),
    "steering": _rate("THROTTLE_STEERING", "1200/min"),
    "message": _rate("THROTTLE_MESSAGE", "120/min"),
    "support": _rate("THROTTLE_SUPPORT", "20/hour"),
}
THROTTLES: dict[str, str] = {} if _throttle_off else _rates
