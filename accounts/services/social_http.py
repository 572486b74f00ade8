"""How providers of social login are reached: at their usual addresses, or at the configured base of each."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings

HOSTS = {
    "accounts.google.com": "google",
    "api.github.com": "github",
    "discord.com": "discord",
    "github.com": "github",
    "graph.facebook.com": "facebook",
    "oauth2.googleapis.com": "google",
    "www.facebook.com": "facebook",
    "www.googleapis.com": "google",
}
"""Whose address is whose: login page, tokens, people, keys."""


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """allauth's, whose every request to a provider goes where ``moved`` says: some addresses are constants of it."""

    def get_requests_session(self) -> object:
        session = super().get_requests_session()
        send = session.request
        session.request = lambda method, url, **options: send(method, moved(url), **options)
        return session


def moved(url: str) -> str:
    """The same address at the base that ``SOCIAL_BASE_URLS`` has for its provider, if it has one."""
    parts = urlsplit(url)
    base = urlsplit(settings.SOCIAL_BASE_URLS.get(HOSTS.get(parts.netloc, ""), ""))
    return urlunsplit(parts._replace(scheme=base.scheme, netloc=base.netloc)) if base.netloc else url
