"""The product's settings, with the routes to compare it with and nothing throttled."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.api_urls"
THROTTLES: dict[str, str] = {}
ALLOWED_HOSTS = ["*"]
