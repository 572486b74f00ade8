"""What browsers let pages of other origins do with us."""

from corsheaders.defaults import default_headers

from config.settings.environment import env

CORS_ALLOWED_ORIGINS: list[str] = env.list("CORS_ALLOWED_ORIGINS", [])
"""Origins of web applications that call the API from a browser; empty: none but our own pages."""
# The API, and the addresses that it gives out for files.
CORS_URLS_REGEX = r"^/(api|status|files|frames|uploads|gallery/media|effects/media)(/|$)"
# The credential is a token that the application sends itself; cookies of the staff's site are none of its business.
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = [
    *default_headers,
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "last-event-id",
    "range",
    "x-amz-meta-file-id",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = [
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Length",
    "Content-Range",
    "ETag",
    "Idempotency-Replayed",
    "Last-Modified",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-ID",
]
