"""The Django core: apps, middleware, database, cache, queue, storage, templates, logging."""

from django.core.management.utils import get_random_secret_key

from config.api.conf import SPECTACULAR_SETTINGS  # noqa: F401
from config.settings.environment import BASE_DIR, DATA_DIR, env
from config.settings.keys import strong_key

DEBUG = env.bool("DEBUG", False)
# serve writes one key for all its processes; one on its own (a check, a migration) signs nothing that outlives it.
SECRET_KEY = strong_key(env.str("SECRET_KEY", ""), debug=DEBUG) or get_random_secret_key()
# Former keys: what they signed or encrypted is still read.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])

BASE_DOMAIN = env.text("BASE_DOMAIN", "studio.localhost")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", [f".{BASE_DOMAIN}", "localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
# Behind a proxy that ends TLS.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", False) else None
TRUSTED_PROXIES = env.whole("TRUSTED_PROXIES", 0, least=0)
"""How many proxies, one behind the other, stand in front of us and append to X-Forwarded-For."""
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", False)
SECURE_HSTS_SECONDS = env.whole("SECURE_HSTS_SECONDS", 0, least=0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_HSTS_SECONDS > 0
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", False)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "config",
    "config.api",
    "tenants",
    "accounts",
    "effects",
    "commerce",
    "studio",
    "gallery",
    "messaging",
    "support",
    "unfold.apps.BasicAppConfig",
    "config.apps.StudioAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "corsheaders",
    "rest_framework",
    "rest_framework_simplejwt",
    "django_filters",
    "django_rq",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.discord",
    "allauth.socialaccount.providers.facebook",
    "allauth.socialaccount.providers.github",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.openid_connect",
]

MIDDLEWARE = [
    # First, so that no answer goes without their headers.
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.platform.content_policy.ContentPolicyMiddleware",
    "config.api.middleware.RequestIdMiddleware",
    "config.platform.access_log.AccessLogMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "config.platform.static_files.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.AuditMiddleware",
    "accounts.middleware.StaffSecondFactorMiddleware",
    "tenants.middleware.TenantHostMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
CSRF_FAILURE_VIEW = "config.api.handlers.csrf_failure"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.admin.acting.banner_of",
            ],
        },
    },
]

_database = env.dj_db_url("DATABASE_URL", "postgres:///studio")
DATABASES = {
    "default": {
        **_database,
        # PostgreSQL with the tenant scope carried to row-level security.
        "ENGINE": "tenants.postgresql",
        # A pool spares 5 ms of connecting per request; the worker's few threads share it too.
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            # A host that is gone answers nothing, not even a refusal.
            "connect_timeout": 5,
            **_database.get("OPTIONS", {}),
            "pool": {"min_size": 1, "max_size": env.whole("DATABASE_POOL_SIZE", 16), "timeout": 20},
        },
    },
}
# Whoever waits longer for what another transaction holds gives up: a request answers 409.
LOCK_TIMEOUT_SECONDS = env.whole("LOCK_TIMEOUT_SECONDS", 5)
# A transaction of a process that asks nothing for so long is ended: nothing slow is ever done within one.
IDLE_TRANSACTION_SECONDS = env.whole("IDLE_TRANSACTION_SECONDS", 60)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.address("REDIS_URL", "redis://127.0.0.1:6379/0", "rediss?|unix", "redis://host:6379/0")
# How long anybody but a waiting worker waits for Redis, which can only make things faster.
REDIS_TIMEOUT_SECONDS = env.number("REDIS_TIMEOUT_SECONDS", 0.5)
CACHES = {
    "default": {"BACKEND": "config.platform.cache.RedisCache", "LOCATION": REDIS_URL},
    # The reaper removes what has expired; the limit is for the day that there is none.
    "durable": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "durable_cache",
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    },
}

HIGH_PRIORITY_QUEUE = env.text("HIGH_PRIORITY_QUEUE", "high")
MEDIUM_PRIORITY_QUEUE = env.text("MEDIUM_PRIORITY_QUEUE", "medium")
LOW_PRIORITY_QUEUE = env.text("LOW_PRIORITY_QUEUE", "low")
RENDER_QUEUES = (HIGH_PRIORITY_QUEUE, MEDIUM_PRIORITY_QUEUE, LOW_PRIORITY_QUEUE)
# No time-out: a render lives as long as its lease is renewed, and the reaper ends what stopped renewing.
RQ_QUEUES: dict[str, dict[str, str | int]] = {
    name: {"USE_REDIS_CACHE": "default", "DEFAULT_TIMEOUT": -1} for name in RENDER_QUEUES
}
BACKGROUND_QUEUE = env.text("BACKGROUND_QUEUE", "background")
"""Mails, exports and deletions: whatever must neither wait for a render nor be waited for by a request."""
RQ_QUEUES[BACKGROUND_QUEUE] = {"USE_REDIS_CACHE": "default", "DEFAULT_TIMEOUT": 600}

MEDIA_ROOT = DATA_DIR / "media"
# Unfinished renders. Shared between machines, a job of a dead one goes on elsewhere from its last frame.
WORK_DIR = env.folder("WORK_DIR", str(DATA_DIR / "work"))
# How long a signed link to a file works.
FILE_URL_SECONDS = env.whole("FILE_URL_SECONDS", 3600)
S3_BUCKET = env.str("S3_BUCKET", "")
_local_files = {"BACKEND": "config.platform.storage.LocalStorage", "OPTIONS": {"location": MEDIA_ROOT}}
_s3_files = {
    "BACKEND": "config.platform.bucket_storage.BucketStorage",
    "OPTIONS": {
        "bucket_name": S3_BUCKET,
        "region_name": env.str("S3_REGION", None),
        "endpoint_url": env.address("S3_ENDPOINT_URL") or None,
        "access_key": env.str("S3_ACCESS_KEY_ID", None),
        "secret_key": env.str("S3_SECRET_ACCESS_KEY", None),
        "querystring_expire": FILE_URL_SECONDS,
        "file_overwrite": False,
        "default_acl": None,
        "signature_version": "s3v4",
        # What is read lies on disk beyond this, instead of in memory.
        "max_memory_size": 8 * 1024 * 1024,
    },
}
# Whether it is an error to wait for a network, a program or a long piece of file work while a transaction is open.
TRANSACTION_GUARD = env.bool("TRANSACTION_GUARD", False)
STORAGES = {
    "default": _s3_files if S3_BUCKET else _local_files,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
STATIC_URL = "static/"
# Empty: static files come straight from the apps' folders. An image runs collectstatic and names the folder here.
STATIC_ROOT = env.str("STATIC_ROOT", "") or None
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

# Every uploaded file goes to disk, so a 200 MB video never sits in memory and ffmpeg can read it.
FILE_UPLOAD_HANDLERS = ["studio.uploadhandler.BoundedFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = env.str("FILE_UPLOAD_TEMP_DIR", None)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

LOG_LEVEL = env.word("LOG_LEVEL", "INFO", ("debug", "info", "warning", "error", "critical")).upper()
LOG_FORMAT = env.word("LOG_FORMAT", "line", ("line", "json"))
ACCESS_LOG = env.bool("ACCESS_LOG", True)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "config.platform.logs.ContextFilter"}},
    "formatters": {
        "line": {"()": "config.platform.logs.LineFormatter"},
        "json": {"()": "config.platform.logs.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["context"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # The access log has every 4xx. Django's own handlers would write a line once more, in their own form.
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": [], "propagate": True},
    },
}
