"""Keys that sign: what is too weak for them."""

from django.core.exceptions import ImproperlyConfigured

MIN_BYTES = 32
"""As many as the digest of HS256 has (RFC 7518): a shorter one can be guessed from a single token."""
MIN_DIFFERENT = 8


def strong_key(key: str, *, debug: bool) -> str:
    """The key, if nobody will guess it; an empty one is left for the caller to replace.

    Raises ImproperlyConfigured, except in development.
    """
    weak = len(key.encode()) < MIN_BYTES or len(set(key)) < MIN_DIFFERENT or key.startswith("django-insecure-")
    if key and weak and not debug:
        raise ImproperlyConfigured(
            f"SECRET_KEY is too weak: it needs at least {MIN_BYTES} random bytes. "
            'Make one with: python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    return key
