"""Mail: where it is sent, and the address that its links lead to."""

from config.settings.environment import env
from config.settings.serving import HOST, PORT
from config.stack.addresses import local_url

_mail = env.mail_server("EMAIL_URL", "console:")
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST = _mail["EMAIL_HOST"]
EMAIL_PORT = _mail["EMAIL_PORT"]
EMAIL_HOST_USER = _mail["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = _mail["EMAIL_USE_TLS"]
EMAIL_USE_SSL = _mail["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Mage AI Studio <studio@studio.localhost>")

PUBLIC_URL = (env.address("PUBLIC_URL") or local_url(HOST, PORT)).rstrip("/")
"""The product's own address, as it stands in mails and is told to social login providers. Unset: where we listen."""
