"""Register, log in, refresh, log out and the profile, on all three faces."""

from collections.abc import Callable
from typing import Any

import jwt
import orjson
import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import LoginSession, User
from tenants.models import Tenant
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

FACES = ("/api/auth", "/api/v2", "/api")


def registration(face: str, **changes: Any) -> dict[str, Any]:
    if face == "/api":
        body = {"name": "johndoe", "email": "john@example.com", "password": PASSWORD, "c_password": PASSWORD}
    else:
        body = {"email": "john@example.com", "password": PASSWORD, "password_confirmation": PASSWORD}
    return {**body, **changes}


def bearer(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.mark.parametrize("face", FACES)
class TestFaces:
    def test_the_life_of_an_account(self, face: str, anonymous: APIClient) -> None:
        answer = anonymous.post(f"{face}/register", registration(face))
        assert answer.status_code == 200, answer.json()
        data = answer.json()["data"]
        assert {"token", "refresh_token", "expires_in", "token_type", "name", "tenant"} <= set(data)
        assert data["name"] == ("johndoe" if face == "/api" else "john")
        assert data["tenant"]["domain"].endswith(f".{settings.BASE_DOMAIN}")
        assert data["tenant"]["db_pool"] in settings.TENANT_DB_POOLS

        answer = anonymous.post(f"{face}/login", {"email": "JOHN@example.com", "password": PASSWORD})
        client = bearer(answer.json()["data"]["token"])
        me = client.get(f"{face}/me").json()["data"]
        assert (me["email"], me["roles"], me["is_admin"]) == ("john@example.com", ["user"], False)
        assert me["created_at"].endswith("Z")

        assert client.post(f"{face}/logout").status_code == 200
        refused = client.get(f"{face}/me")
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")

    def test_the_profile_takes_its_fields_and_no_other(self, face: str, api: APIClient, user: User) -> None:
        answer = api.patch(f"{face}/me", {"first_name": "Jo", "role": 2, "is_admin": True, "tenant": 999})
        assert answer.json()["data"]["first_name"] == "Jo"
        user.refresh_from_db()
        assert (user.first_name, user.role) == ("Jo", User.Role.USER)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"email": "Taken@example.com"}, "email"),
            ({"email": "nowhere"}, "email"),
            ({"password": "short"}, "password"),
            ({"name": "n" * 256}, "name"),
        ],
    )
    def test_a_bad_profile_names_the_field_and_changes_nothing(
        self, face: str, api: APIClient, user: User, make_user: UserFactory, changes: dict[str, Any], field: str
    ) -> None:
        make_user(name="taken")
        answer = api.post(f"{face}/me", {**changes, "first_name": "Jo"})
        assert (answer.status_code, list(answer.json()["data"])) == (422, [field])
        password, email = user.password, user.email
        user.refresh_from_db()
        assert (user.password, user.email, user.first_name) == (password, email, "")

    @pytest.mark.parametrize("missing", ["email", "password"])
    def test_a_login_without_a_field_names_it(self, face: str, anonymous: APIClient, missing: str) -> None:
        body = {"email": "john@example.com", "password": PASSWORD}
        answer = anonymous.post(f"{face}/login", {name: body[name] for name in body if name != missing})
        assert (answer.status_code, list(answer.json()["data"])) == (422, [missing])

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"email": "not an address"}, "email"),
            ({"email": "a@b.c\nBcc: x@y.z"}, "email"),
            ({"password": "short", "password_confirmation": "short", "c_password": "short"}, "password"),
            ({"password": "password1", "password_confirmation": "password1", "c_password": "password1"}, "password"),
            ({"name": "n" * 256}, "name"),
            ({"first_name": "n" * 256}, "first_name"),
        ],
    )
    def test_bad_input_names_the_field_and_creates_nothing(
        self, face: str, anonymous: APIClient, changes: dict[str, Any], field: str
    ) -> None:
        answer = anonymous.post(f"{face}/register", registration(face, **changes))
        assert answer.status_code == 422
        assert field in answer.json()["data"]
        assert not User.objects.exists()
        assert not Tenant.objects.exists()


def test_confirmations_must_match(anonymous: APIClient) -> None:
    answer = anonymous.post("/api/register", registration("/api", c_password="something else"))
    assert "c_password" in answer.json()["data"]
    answer = anonymous.post("/api/auth/register", registration("/api/auth", password_confirmation="something else"))
    assert "password_confirmation" in answer.json()["data"]


def test_json_api_bodies_are_taken(anonymous: APIClient) -> None:
    body = {"data": {"type": "users", "attributes": registration("/api/v2")}}
    answer = anonymous.post("/api/v2/register", body)
    assert answer.status_code == 200
    login = {"data": {"type": "tokens", "attributes": {"email": "john@example.com", "password": PASSWORD}}}
    answer = anonymous.generic("POST", "/api/v2/login", orjson.dumps(login), content_type="application/vnd.api+json")
    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize("taken", ["john@example.com", "John@Example.COM", "ｊｏｈｎ@example.com"])
def test_an_address_is_taken_in_every_spelling(anonymous: APIClient, make_user: UserFactory, taken: str) -> None:
    make_user(name="john")
    answer = anonymous.post("/api/auth/register", registration("/api/auth", email=taken))
    assert answer.status_code == 422
    assert "email" in answer.json()["data"]
    assert User.objects.count() == 1


def test_login_never_tells_who_has_an_account(anonymous: APIClient, user: User) -> None:
    unknown = anonymous.post("/api/login", {"email": "nobody@example.com", "password": PASSWORD})
    wrong = anonymous.post("/api/login", {"email": user.email, "password": "wrong password"})
    User.objects.filter(pk=user.pk).update(is_active=False)
    blocked = anonymous.post("/api/login", {"email": user.email, "password": PASSWORD})
    assert unknown.status_code == wrong.status_code == blocked.status_code == 401
    assert unknown.json() == wrong.json() == blocked.json()


def test_an_access_token_is_no_refresh_token(anonymous: APIClient, user: User) -> None:
    tokens = anonymous.post("/api/login", {"email": user.email, "password": PASSWORD}).json()["data"]
    assert anonymous.post("/api/auth/refresh", {"refresh_token": tokens["token"]}).status_code == 401
    assert bearer(tokens["refresh_token"]).get("/api/me").status_code == 401


def test_a_new_password_ends_the_other_sessions(
    user: User, client_of: Callable[[User], APIClient], anonymous: APIClient
) -> None:
    here, elsewhere = client_of(user), client_of(user)
    assert here.post("/api/me", {"password": "an even better one"}).status_code == 200
    assert here.get("/api/me").status_code == 200
    assert elsewhere.get("/api/me").status_code == 401
    assert anonymous.post("/api/login", {"email": user.email, "password": PASSWORD}).status_code == 401


def forged(user: User, **changes: Any) -> str:
    session = LoginSession.objects.get(user=user)
    claims = {"token_type": "access", "exp": 2**31, "jti": "x", "user_id": str(user.pk), "sid": str(session.pk)}
    return jwt.encode({**claims, **changes.pop("claims", {})}, **{"key": "k" * 32, "algorithm": "HS256", **changes})


def test_tampered_tokens_are_refused(user: User, api: APIClient) -> None:
    good = {"key": settings.SECRET_KEY}
    assert bearer(forged(user, **good)).get("/api/me").status_code == 200, "the control: this forgery is perfect"
    assert bearer(forged(user)).get("/api/me").status_code == 401
    assert bearer(forged(user, key=None, algorithm="none")).get("/api/me").status_code == 401
    assert bearer(forged(user, **good, claims={"exp": 1})).get("/api/me").status_code == 401
    assert bearer(forged(user, **good, claims={"user_id": "0"})).get("/api/me").status_code == 401
    assert bearer(forged(user, **good, claims={"sid": "none"})).get("/api/me").status_code == 401
    assert bearer("not a token").get("/api/me").status_code == 401


def test_the_token_of_a_blocked_user_is_refused(user: User, api: APIClient) -> None:
    assert api.get("/api/me").status_code == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert api.get("/api/me").status_code == 401


def test_a_host_of_another_tenant_is_refused(user: User, api: APIClient, make_user: UserFactory) -> None:
    assert api.get("/api/me", headers={"Host": user.tenant.domain}).status_code == 200
    foreign = make_user().tenant.domain
    for host in (foreign, f"{foreign}.", foreign.upper(), f"{foreign}:8000", f"{foreign}.:8000"):
        assert (host, api.get("/api/me", headers={"Host": host}).status_code) == (host, 401)
