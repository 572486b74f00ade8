"""Logging in with other people's accounts, against a real provider over real HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.utils import timezone
from jwt.utils import base64url_encode
from rest_framework.test import APIClient

from accounts.models import LoginSession, User
from accounts.services.social_http import moved
from accounts.tests.identity_server import CLIENT_ID, CLIENT_SECRET, IdentityServer
from tests.fixtures import UserFactory
from tests.patience import FOREVER_SECONDS

pytestmark = pytest.mark.django_db

PROVIDERS = ("discord", "facebook", "github", "google", "acme")

Forgery = Callable[[IdentityServer, dict[str, Any]], str]


def by_another_key(server: IdentityServer, claims: dict[str, Any]) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims, key, "RS256", headers={"kid": "1"})


FORGERIES: dict[str, Forgery] = {
    "another audience": lambda server, claims: server.sign({**claims, "aud": "another-client"}),
    "another issuer": lambda server, claims: server.sign({**claims, "iss": "https://evil.example.com"}),
    "expired": lambda server, claims: server.sign({**claims, "exp": int(time.time()) - 60}),
    "no audience": lambda server, claims: server.sign({**claims, "aud": None}),
    "another key": by_another_key,
    "an unknown key": lambda server, claims: server.sign(claims, kid="2"),
    "changed claims": lambda server, claims: swap_claims(server.sign(claims), {**claims, "email": "bob@example.com"}),
    "no signature": lambda server, claims: jwt.encode(claims, None, "none", headers={"kid": "1"}),
    "a shared secret": lambda server, claims: jwt.encode(claims, CLIENT_SECRET * 3, "HS256", headers={"kid": "1"}),
    "nonsense": lambda server, claims: "nonsense",
}


def swap_claims(token: str, claims: dict[str, Any]) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{base64url_encode(json.dumps(claims).encode()).decode()}.{signature}"


@pytest.fixture
def provider(settings: Any) -> Iterator[IdentityServer]:
    server = IdentityServer()
    app = {"client_id": CLIENT_ID, "secret": CLIENT_SECRET}
    issuer = {"provider_id": "acme", "name": "Acme", "settings": {"server_url": server.url}}
    settings.SOCIALACCOUNT_PROVIDERS = {
        name: {**options, "APPS": [{**app, **issuer} if name == "openid_connect" else app]}
        for name, options in settings.SOCIALACCOUNT_PROVIDERS.items()
    }
    settings.SOCIAL_BASE_URLS = dict.fromkeys(settings.SOCIAL_BASE_URLS, server.url)
    server.start()
    yield server
    server.stop()


def begin(client: APIClient, name: str) -> str:
    """Through the provider's login page; the address it sends the browser back to, as a path of ours."""
    answer = client.get(f"/api/{name}/auth")
    assert answer.status_code == 200, answer.json()
    page = requests.get(answer.json()["data"]["url"], allow_redirects=False, timeout=FOREVER_SECONDS)
    back = urlsplit(page.headers["Location"])
    return f"{back.path}?{back.query}"


def come_back(client: APIClient, name: str) -> Any:
    return client.get(begin(client, name))


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_new_person_registers_and_comes_again(name: str, provider: IdentityServer) -> None:
    client = APIClient()
    first = come_back(client, name)
    assert first.status_code == 200, first.json()
    user = User.objects.get()
    assert (user.email, user.has_usable_password()) == ("ann@example.com", False)
    assert (user.email_verified_at is not None) == (name != "facebook"), "Facebook vouches for no address"
    assert SocialAccount.objects.get().user == user
    me = APIClient(HTTP_AUTHORIZATION=f"Bearer {first.json()['data']['token']}").get("/api/me")
    assert me.json()["data"]["id"] == user.pk

    provider.person["email"] = "moved@example.com"
    assert come_back(client, name).status_code == 200
    assert User.objects.count() == SocialAccount.objects.count() == 1


def test_a_browser_is_sent_there_by_a_redirect(provider: IdentityServer) -> None:
    answer = APIClient().get("/api/discord/auth", headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 302
    query = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert answer.headers["Location"].startswith(f"{provider.url}/api/oauth2/authorize?")
    assert query["redirect_uri"].endswith("/api/discord/callback")
    assert query["code_challenge_method"] == "S256"
    assert answer.cookies["social_state"]["httponly"]
    assert answer.cookies["social_state"].value == query["state"]


def test_a_verified_address_links_to_its_verified_account(provider: IdentityServer, make_user: UserFactory) -> None:
    ann = make_user(name="ann", email_verified_at=timezone.now())
    assert come_back(APIClient(), "discord").status_code == 200
    assert SocialAccount.objects.get().user == ann
    assert ann.login_sessions.count() == 1


@pytest.mark.parametrize(
    ("name", "theirs", "ours"),
    [
        *((name, False, True) for name in PROVIDERS),
        *((name, True, False) for name in PROVIDERS),
        # What Facebook calls verified is the person, and some issuers write a word for it.
        *(("facebook", True, True), ("acme", "false", True), ("acme", None, True), ("acme", False, False)),
    ],
)
def test_an_unproven_address_links_to_nothing(
    name: str, theirs: Any, ours: bool, provider: IdentityServer, make_user: UserFactory
) -> None:
    provider.person["verified"] = theirs
    make_user(name="ann", email_verified_at=timezone.now() if ours else None)
    answer = come_back(APIClient(), name)
    assert (answer.status_code, list(answer.json()["data"])) == (422, ["email"])
    assert not SocialAccount.objects.exists()
    assert not LoginSession.objects.exists()


def test_only_configured_providers_exist(provider: IdentityServer, settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {"github": {"APPS": []}, "discord": {"APPS": [{"client_id": "", "secret": ""}]}}
    for name in (*PROVIDERS, "openid_connect", "nonsense"):
        for step in ("auth", "callback"):
            answer = APIClient().get(f"/api/{name}/{step}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_only_the_browser_that_began_may_come_back_and_once(provider: IdentityServer) -> None:
    client, victim = APIClient(), APIClient()
    back = begin(client, "discord")
    begin(victim, "discord")
    assert victim.get(back).json()["code"] == "invalid_state"
    assert APIClient().get(back).json()["code"] == "invalid_state"
    assert client.get(back.replace("discord", "acme")).json()["code"] == "invalid_state"
    assert client.get("/api/discord/callback?code=x&state=wrong").json()["code"] == "invalid_state"
    assert client.get("/api/discord/callback").json()["code"] == "invalid_state"
    assert not User.objects.exists()
    assert client.get(back).status_code == 200
    assert client.get(back).json()["code"] == "invalid_state"
    assert User.objects.count() == 1


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_that_refuses_makes_nobody(name: str, provider: IdentityServer) -> None:
    client = APIClient()
    state = dict(parse_qsl(urlsplit(begin(client, name)).query))["state"]
    refused = client.get(f"/api/{name}/callback", {"error": "access_denied", "state": state})
    assert (refused.status_code, refused.json()["code"]) == (422, "provider_refused")
    provider.refuses_tokens = True
    failed = come_back(client, name)
    assert (failed.status_code, failed.json()["code"]) == (502, "provider_failed")
    provider.refuses_tokens = False
    provider.person["email"] = None
    assert come_back(client, name).json()["code"] == "email_missing"
    assert not User.objects.exists()


def test_providers_stay_where_they_are_unless_moved(settings: Any) -> None:
    keys = "https://www.googleapis.com/oauth2/v1/certs"
    assert moved(keys) == keys
    settings.SOCIAL_BASE_URLS = {"google": "http://mirror.test:8080"}
    assert moved(keys) == "http://mirror.test:8080/oauth2/v1/certs"
    assert moved("https://graph.facebook.com/v19.0/me") == "https://graph.facebook.com/v19.0/me"


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("name", ["google", "acme"])
def test_a_forged_id_token_makes_nobody(name: str, forgery: str, provider: IdentityServer) -> None:
    provider.make_id_token = partial(FORGERIES[forgery], provider)
    answer = come_back(APIClient(), name)
    assert (answer.status_code, answer.json()["code"]) == (502, "provider_failed")
    assert not User.objects.exists()
    provider.make_id_token = provider.sign
    assert come_back(APIClient(), name).status_code == 200


def test_a_blocked_account_stays_out(provider: IdentityServer) -> None:
    assert come_back(APIClient(), "discord").status_code == 200
    LoginSession.objects.all().delete()
    User.objects.update(is_active=False)
    assert come_back(APIClient(), "discord").status_code == 401
    assert not LoginSession.objects.exists()
