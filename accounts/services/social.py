"""Social login through allauth's providers: who is configured, where to send the browser, who came back.

State and PKCE verifier wait in the cache, once; a cookie ties them to the browser that began, so that nobody can be
logged into somebody else's account by a link.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User, normalise_email
from accounts.services.audit import Device, record
from accounts.services.profiles import EMAIL_TAKEN
from accounts.services.social_http import moved
from accounts.services.users import create_account
from accounts.services.verification import ask_for_verification
from config.api.errors import DomainError, NotFound, ValidationFailed
from config.platform.cache import durable

STATE_SECONDS = 600
"""From the login page of the provider back to us."""


@dataclass(frozen=True)
class Identity:
    """Who the provider says it is."""

    provider: str
    uid: str
    email: str
    verified: bool
    name: str
    data: object


def begin(*, request: HttpRequest, provider: str) -> tuple[str, str]:
    """The provider's address to send the browser to, and the state for the browser's cookie. Raises NotFound."""
    app = find_app(request, provider)
    adapter = _adapter(request, app)
    challenge = generate_code_challenge()
    client = _client(request, app, adapter, provider)
    client.state = secrets.token_urlsafe(32)
    durable.set(_key(client.state), [provider, challenge.pop("code_verifier")], STATE_SECONDS)
    if adapter.access_token_method == "GET":
        # Facebook's way to ask for tokens, in which allauth leaves the verifier out.
        challenge = {}
    try:
        url = client.get_redirect_url(moved(adapter.authorize_url), app.get_provider(request).get_scope(), challenge)
    except (requests.RequestException, KeyError) as error:
        raise _unavailable() from error
    return url, client.state


def identify(*, request: HttpRequest, provider: str, cookie: str) -> Identity:
    """Who came back, from the callback's query. Raises DomainError for a wrong state or a refusing provider."""
    app = find_app(request, provider)
    state = request.GET.get("state", "")
    kept = durable.get(_key(state)) if state and constant_time_compare(state, cookie) else None
    if kept is None or kept[0] != provider or not durable.delete(_key(state)):
        raise DomainError("invalid_state", "This login was not begun here or has expired; start again.")
    if "code" not in request.GET:
        raise DomainError("provider_refused", "The provider did not log you in.")
    adapter = _adapter(request, app)
    try:
        client = _client(request, app, adapter, provider)
        answer = adapter.get_access_token_data(request, app, client, pkce_code_verifier=kept[1])
        # allauth would trust the signature of an ID token that came straight from the provider, whatever the way there.
        adapter.did_fetch_access_token = False
        login = adapter.complete_login(request, app, adapter.parse_token(answer), response=answer)
    except (OAuth2Error, requests.RequestException, PermissionDenied, KeyError, TypeError, ValueError) as error:
        raise _unavailable() from error
    # Some issuers say "false": only a plain true counts.
    addresses = sorted(login.email_addresses, key=lambda found: (found.verified is True, found.primary), reverse=True)
    return Identity(
        provider=login.account.provider,
        uid=login.account.uid,
        email=normalise_email(addresses[0].email) if addresses else "",
        verified=bool(addresses and addresses[0].verified is True),
        name=" ".join(str(login.user.first_name or login.account.extra_data.get("username") or "").split())[:255],
        data=login.account.extra_data,
    )


def log_in(*, identity: Identity, device: Device) -> User:
    """The user of this identity: known, found by an address that both sides have verified, or new and passwordless."""
    known = SocialAccount.objects.filter(provider=identity.provider, uid=identity.uid).select_related("user__tenant")
    account = known.first()
    if account is not None:
        if not account.user.is_active:
            raise DomainError("invalid_credentials", "This account is not available.", status=401)
        record("login", actor=account.user, provider=identity.provider)
        return account.user
    if not identity.email:
        raise DomainError("email_missing", "The provider did not tell your e-mail address.")
    try:
        with transaction.atomic():
            return _link(identity, device)
    except IntegrityError as error:
        raise ValidationFailed({"email": [EMAIL_TAKEN]}) from error


def find_app(request: HttpRequest, provider: str) -> SocialApp:
    """The configured provider of this name. Raises NotFound for every other."""
    apps = [app for app in get_adapter(request).list_apps(request, provider=provider) if app.client_id]
    if not apps or (apps[0].provider_id or apps[0].provider) != provider:
        raise NotFound("No such login provider")
    return apps[0]


def _link(identity: Identity, device: Device) -> User:
    user = User.objects.select_for_update(of=("self",)).select_related("tenant").filter(email=identity.email).first()
    if user is not None:
        # An unverified account may be a trap set by whoever registered this address before its owner came.
        if not (identity.verified and user.email_verified_at and user.is_active):
            raise ValidationFailed({"email": [EMAIL_TAKEN]})
        event = "social.linked"
    else:
        verified_at = timezone.now() if identity.verified else None
        user, _ = create_account(
            email=identity.email, password=None, device=device, name=identity.name, email_verified_at=verified_at
        )
        ask_for_verification(user=user)
        event = "social.registered"
    SocialAccount.objects.create(user=user, provider=identity.provider, uid=identity.uid, extra_data=identity.data)
    record(event, actor=user, provider=identity.provider)
    return user


def _adapter(request: HttpRequest, app: SocialApp) -> OAuth2Adapter:
    adapter: OAuth2Adapter = app.get_provider(request).get_oauth2_adapter(request)
    return adapter


def _client(request: HttpRequest, app: SocialApp, adapter: OAuth2Adapter, provider: str) -> OAuth2Client:
    try:
        return OAuth2Client(
            request,
            app.client_id,
            app.secret,
            adapter.access_token_method,
            adapter.access_token_url,
            f"{settings.PUBLIC_URL}/api/{provider}/callback",
            scope_delimiter=adapter.scope_delimiter,
            headers=adapter.headers,
            basic_auth=adapter.basic_auth,
        )
    except (requests.RequestException, KeyError) as error:
        raise _unavailable() from error


def _unavailable() -> DomainError:
    return DomainError("provider_failed", "The provider could not log you in; try again.", status=502)


def _key(state: str) -> str:
    return f"social:{state}"
