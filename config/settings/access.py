"""Who may come in: users, passwords, tokens, throttles."""

from datetime import timedelta

from marshmallow.validate import OneOf, Range

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
PASSWORD_HASHES = env.int("PASSWORD_HASHES", 2, validate=Range(min=1))
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "accounts.validators.BreachedPasswordValidator"},
]
BREACHED_PASSWORDS_FILE = env.str("BREACHED_PASSWORDS_FILE", "")
"""Empty: passwords are not compared with known breaches."""
EMAIL_CHECKS = env.list("EMAIL_CHECKS", ["accounts.services.addresses.not_disposable"])
DISPOSABLE_DOMAINS_FILE = env.str("DISPOSABLE_DOMAINS_FILE", "")

# How long the links in mails work.
PASSWORD_RESET_TIMEOUT = env.int("PASSWORD_RESET_SECONDS", 3600)
EMAIL_VERIFICATION_SECONDS = env.int("EMAIL_VERIFICATION_SECONDS", 3 * 24 * 3600)
INVITATION_DAYS = env.int("INVITATION_DAYS", 14)
# A day: of one workspace, and to one address by whomever.
INVITATIONS_PER_TENANT = env.int("INVITATIONS_PER_TENANT", 100)
INVITATIONS_PER_RECIPIENT = env.int("INVITATIONS_PER_RECIPIENT", 5)
# An hour, to one address: whoever asks for them need not be who reads them.
LINK_MAILS_PER_HOUR = env.int("LINK_MAILS_PER_HOUR", 10)
# How long a copy of one's data can be fetched.
EXPORT_DAYS = env.int("EXPORT_DAYS", 7)

LOGIN_URL = "admin:login"

STAFF_SECOND_FACTOR = env.str("STAFF_SECOND_FACTOR", "optional", validate=OneOf(["optional", "required"]))
"""``required``: whoever is staff has no more rights than others until a second factor is set up."""
MFA_ADAPTER = "accounts.services.factor_secrets.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Mage AI Studio"
# Clocks of phones differ; one step of 30 s either way.
MFA_TOTP_TOLERANCE = 1

SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=env.int("ACCESS_TOKEN_SECONDS", 3600)),
    "REFRESH_TOKEN_LIFETIME": timedelta(seconds=env.int("REFRESH_TOKEN_SECONDS", 30 * 24 * 3600)),
    "ALGORITHM": "HS256",
    # Clocks of our machines differ.
    "LEEWAY": timedelta(seconds=env.int("TOKEN_LEEWAY_SECONDS", 5)),
}
REFRESH_GRACE_SECONDS = env.int("REFRESH_GRACE_SECONDS", 10)
"""How long a refresh token that was just exchanged gets the same answer once more."""
REAUTHENTICATE_AFTER_SECONDS = env.int("REAUTHENTICATE_AFTER_SECONDS", 900)
"""So long after signing in a new password or address is had for the asking; then it takes the password."""

ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None

# The databases' shards a tenant can be assigned to, by name; one pool on one machine.
TENANT_DB_POOLS = env.list("TENANT_DB_POOLS", ["tenant_pool_01"])

_throttle_off = env.str("THROTTLE", "on").lower() == "off"
_rates = {
    "api": env.str("THROTTLE_API", "1200/min"),
    "login": env.str("THROTTLE_LOGIN", "30/min"),
    "register": env.str("THROTTLE_REGISTER", "30/min"),
    "reset": env.str("THROTTLE_RESET", "30/min"),
    "upload": env.str("THROTTLE_UPLOAD", "60/min"),
    "webhook": env.str("THROTTLE_WEBHOOK", "6000/min"),
    "render": env.str("THROTTLE_RENDER", "120/min"),
    "steering": env.str("THROTTLE_STEERING", "1200/min"),
    "message": env.str("THROTTLE_MESSAGE", "120/min"),
    "support": env.str("THROTTLE_SUPPORT", "20/hour"),
}
THROTTLES: dict[str, str] = {} if _throttle_off else _rates
