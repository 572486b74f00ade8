"""Social login: a provider exists when its client id is set; staff can add more (other OpenID issuers) as rows."""

from config.settings.environment import env

SOCIALACCOUNT_ADAPTER = "accounts.services.social_http.SocialAccountAdapter"
SOCIALACCOUNT_QUERY_EMAIL = True
SOCIALACCOUNT_STORE_TOKENS = False


def _app(prefix: str, **options: object) -> list[dict[str, object]]:
    client_id = env.str(f"{prefix}_CLIENT_ID", "")
    secret = env.str(f"{prefix}_CLIENT_SECRET", "")
    return [{"client_id": client_id, "secret": secret, **options}] if client_id else []


SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, object]] = {
    "discord": {"APPS": _app("DISCORD")},
    "google": {"APPS": _app("GOOGLE"), "SCOPE": ["openid", "email", "profile"]},
    "github": {"APPS": _app("GITHUB"), "SCOPE": ["read:user", "user:email"]},
    "facebook": {"APPS": _app("FACEBOOK")},
    "openid_connect": {
        "APPS": _app(
            "OIDC",
            provider_id=env.str("OIDC_PROVIDER_NAME", "oidc"),
            name=env.str("OIDC_PROVIDER_NAME", "oidc"),
            settings={"server_url": env.address("OIDC_ISSUER")},
        )
    },
}
SOCIAL_BASE_URLS = {
    name: env.address(f"{name.upper()}_BASE_URL") for name in ("discord", "google", "github", "facebook")
}
"""Where a provider is instead of at its usual address: a mirror, a proxy, a test server."""
SOCIAL_LOGIN_REDIRECT_URL = env.address("SOCIAL_LOGIN_REDIRECT_URL")
"""A page that reads the tokens from its own fragment; empty: the callback answers them as JSON."""
