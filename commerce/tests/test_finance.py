"""Wallets and finance operations over HTTP: one's own, and nothing more than asking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from commerce.models import FinanceOperation, Wallet, WalletType
from commerce.rows import masked
from commerce.services.audit import audit
from commerce.services.holds import hold_credits
from commerce.services.ledger import write_off
from commerce.services.wallets import personal_balance
from commerce.tests.shop import assert_refused, credits_of, money_of, put_money
from tenants.scope import all_tenants
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

OPERATIONS = "/api/finance-operations"
STATUS = "/api/finance-operations/change-finance-operation-status"


def wallet_ids(api: APIClient) -> dict[str, int]:
    return {w["currency"]: w["id"] for w in api.get("/api/user-wallets").json()["data"]["items"]}


def ask(api: APIClient, **body: Any) -> Any:
    return api.post(OPERATIONS, {"money": 10, "type": 1, "info": "please", **body})


@pytest.fixture
def points(db: None) -> WalletType:
    return WalletType.objects.create(name="Loyalty points", wallet_symbol="LP", currency="USD")


@pytest.mark.parametrize("face", ["auth/register", "v2/register", "register"])
def test_registration_opens_the_wallets(face: str, anonymous: APIClient) -> None:
    body = {"name": "jo", "email": "jo@example.com", "password": PASSWORD, "c_password": PASSWORD}
    token = anonymous.post(f"/api/{face}", {**body, "password_confirmation": PASSWORD}).json()["data"]["token"]
    with all_tenants():
        assert sorted(Wallet.objects.values_list("kind", "balance")) == [("balance", 0), ("credits", 50)]
    anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    for _ in range(2):
        answer = anonymous.get("/api/wallet").json()
        assert answer["data"] == {"balance": 50, "held": 0, "available": 50, "currency": "credits"}
    assert audit() == []


def test_the_wallet_shows_what_is_held(api: APIClient, user: User) -> None:
    hold_credits(user=user, amount=8, reference_type="t", reference_id=1, description="", idempotency_key="h")
    data = api.get("/api/wallet").json()["data"]
    assert data == {"balance": 50, "held": 8, "available": 42, "currency": "credits"}


def test_what_is_held_can_not_be_asked_for(api: APIClient, user: User) -> None:
    hold_credits(user=user, amount=8, reference_type="t", reference_id=1, description="", idempotency_key="h")
    wallet = wallet_ids(api)["credits"]
    answer = ask(api, walletId=wallet, type=2, money=43)
    assert_refused(answer, 422, "insufficient_funds")
    assert answer.json()["data"] == {"required": 43, "balance": 42, "currency": "credits"}
    assert ask(api, walletId=wallet, type=2, money=42).json()["data"]["status"] == 1


def test_the_life_of_a_wallet(api: APIClient, staff: User, user: User, points: WalletType) -> None:
    types = {t["name"]: t for t in api.get("/api/wallet-types").json()["data"]["items"]}
    assert set(types) == {"Loyalty points"}
    body = {"walletTypeId": points.pk, "info": "DE89 3704 0044"}
    wallet = api.post("/api/user-wallets", body).json()["data"]
    assert wallet == {
        "id": wallet["id"],
        "info": "**********0044",
        "type": {"id": points.pk, "name": "Loyalty points", "walletSymbol": "LP", "currency": "USD"},
        "balance": 0,
        "held": 0,
        "available": 0,
        "currency": "USD",
    }
    assert api.get("/api/wallet-types").json()["data"]["totalItems"] == 3
    changed = api.put("/api/user-wallets", {"id": wallet["id"], "info": "FR76 3000 6000", "balance": 99}).json()["data"]
    assert (changed["info"], changed["balance"]) == ("**********6000", 0)
    of_type = api.get(f"/api/user-wallets/by-wallet-type-id/{points.pk}").json()["data"]["items"]
    assert of_type == [changed]
    assert api.delete(f"/api/user-wallets/{wallet['id']}").status_code == 200
    assert api.get(f"/api/user-wallets/by-wallet-type-id/{points.pk}").json()["data"]["items"] == []
    assert_refused(api.delete(f"/api/user-wallets/{wallet['id']}"), 404, "not_found")


@pytest.mark.parametrize(
    ("info", "shown"), [("", ""), ("1234", "****"), ("12345678", "********"), ("123456789", "*****6789")]
)
def test_masks(info: str, shown: str) -> None:
    assert masked(info) == shown


def test_wallets_that_stay(api: APIClient, staff_api: APIClient, points: WalletType) -> None:
    mine = wallet_ids(api)
    assert_refused(api.delete(f"/api/user-wallets/{mine['credits']}"), 422, "wallet_protected")
    builtin = WalletType.objects.get(kind="balance").pk
    assert_refused(api.post("/api/user-wallets", {"walletTypeId": builtin}), 422, "wallet_exists")
    assert_refused(
        api.put("/api/user-wallets", {"id": mine["USD"], "walletTypeId": points.pk}), 422, "wallet_type_fixed"
    )
    assert api.post("/api/user-wallets", {"walletTypeId": 10**6}).status_code == 422

    wallet_id = api.post("/api/user-wallets", {"walletTypeId": points.pk}).json()["data"]["id"]
    operation = ask(api, walletId=wallet_id).json()["data"]["id"]
    assert_refused(api.delete(f"/api/user-wallets/{wallet_id}"), 422, "wallet_not_empty")
    staff_api.patch(STATUS, {"id": operation, "status": 2})
    assert_refused(api.delete(f"/api/user-wallets/{wallet_id}"), 422, "wallet_not_empty")
    assert wallet_id in {w["id"] for w in api.get("/api/user-wallets").json()["data"]["items"]}


def test_an_empty_personal_balance_goes_and_comes_back(api: APIClient, staff_api: APIClient, user: User) -> None:
    mine = wallet_ids(api)
    url = f"/api/user-wallets/{mine['USD']}"
    put_money(user, 5)
    assert_refused(api.delete(url), 422, "wallet_not_empty")
    with all_tenants():
        write_off(wallet=personal_balance(user=user), amount=5, idempotency_key="out")
    assert api.delete(url).status_code == 200
    assert set(wallet_ids(api)) == {"credits"}
    assert_refused(api.delete(url), 404, "not_found")
    # Asked for again it is the same wallet, with its history; so it is when money comes.
    builtin = WalletType.objects.get(kind="balance").pk
    again = api.post("/api/user-wallets", {"walletTypeId": builtin, "info": "DE89"}).json()["data"]
    assert (again["id"], again["balance"]) == (mine["USD"], 0)
    assert api.delete(url).status_code == 200
    put_money(user, 7, key="later")
    assert (wallet_ids(api), money_of(user)) == (mine, 7)
    assert audit() == []


def test_asking_moves_nothing_until_staff_execute(api: APIClient, staff_api: APIClient, user: User) -> None:
    wallet_id = wallet_ids(api)["USD"]
    answer = ask(api, walletId=wallet_id, status=2, balance_after=1000)
    operation = answer.json()["data"]
    assert operation == {
        "id": operation["id"],
        "money": 10,
        "type": 1,
        "status": 1,
        "info": "please",
        "balanceAfter": None,
        "user": {"id": user.pk, "login": user.name},
        "wallet": operation["wallet"],
        "createdAt": operation["createdAt"],
        "canceledAt": None,
        "canceledInfo": None,
    }
    assert (operation["wallet"]["id"], money_of(user)) == (wallet_id, 0)
    url = f"{OPERATIONS}/{operation['id']}"
    assert api.get(url).json()["data"] == operation
    for status in (1, 2, 3):
        assert_refused(api.patch(STATUS, {"id": operation["id"], "status": status}), 403, "staff_only")
    assert money_of(user) == 0
    assert staff_api.patch(STATUS, {"id": operation["id"], "status": 3}).json()["data"]["status"] == 3
    assert_refused(staff_api.patch(STATUS, {"id": operation["id"], "status": 1}), 422, "operation_state")
    done = staff_api.patch(STATUS, {"id": operation["id"], "status": 2}).json()["data"]
    assert (done["status"], done["balanceAfter"], money_of(user)) == (2, 10, 10)
    for status in (2, 3, 4):
        assert_refused(staff_api.patch(STATUS, {"id": operation["id"], "status": status}), 422, "operation_not_open")
    assert_refused(api.put(url, {"cancelInfo": "oops"}), 422, "operation_not_open")
    assert money_of(user) == 10
    assert audit() == []


def test_one_may_cancel_ones_own(api: APIClient, staff_api: APIClient, seller_api: APIClient, user: User) -> None:
    put_money(user, 20)
    type_id = WalletType.objects.get(kind="balance").pk
    first, second = (ask(api, typeId=type_id, type=2).json()["data"]["id"] for _ in range(2))
    assert_refused(seller_api.put(f"{OPERATIONS}/{first}", {"cancelInfo": "x"}), 404, "not_found")
    assert_refused(seller_api.patch(STATUS, {"id": first, "status": 4}), 404, "not_found")
    cancelled = api.put(f"{OPERATIONS}/{first}", {"cancelInfo": "changed my mind"}).json()["data"]
    assert (cancelled["status"], cancelled["canceledInfo"]) == (4, "changed my mind")
    assert cancelled["canceledAt"] is not None
    assert api.patch(STATUS, {"id": second, "status": 4}).json()["data"]["status"] == 4
    assert_refused(staff_api.patch(STATUS, {"id": first, "status": 2}), 422, "operation_not_open")
    assert money_of(user) == 20


def test_a_write_off_needs_the_money_twice(api: APIClient, staff_api: APIClient, user: User) -> None:
    put_money(user, 15)
    wallet_id = wallet_ids(api)["USD"]
    assert_refused(ask(api, walletId=wallet_id, type=2, money=16), 422, "insufficient_funds")
    first, second = (ask(api, walletId=wallet_id, type=2).json()["data"]["id"] for _ in range(2))
    assert staff_api.patch(STATUS, {"id": first, "status": 2}).status_code == 200
    assert_refused(staff_api.patch(STATUS, {"id": second, "status": 2}), 422, "insufficient_funds")
    assert money_of(user) == 5


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"money": 0}, "money"),
        ({"money": -5}, "money"),
        ({"money": "NaN"}, "money"),
        ({"money": "-Infinity"}, "money"),
        ({"money": "1e400"}, "money"),
        ({"money": 12345678901234567890}, "money"),
        ({"money": 0.001}, "money"),
        ({"money": None}, "money"),
        ({"money": [1]}, "money"),
        ({"type": 3}, "type"),
        ({"type": "x"}, "type"),
        ({"walletId": 10**9}, "walletId"),
        ({"walletId": None}, "walletId"),
        ({"typeId": 1}, "walletId"),
        ({"info": "i" * 256}, "info"),
    ],
)
def test_bad_operations_name_the_field(api: APIClient, change: dict[str, Any], field: str) -> None:
    body = {"walletId": wallet_ids(api)["USD"], **change}
    answer = ask(api, **body)
    assert answer.status_code == 422, answer.json()
    assert list(answer.json()["data"]) == [field]
    with all_tenants():
        assert FinanceOperation.objects.filter(reference_type="request").count() == 0


def test_numbers_json_can_not_carry_are_malformed(api: APIClient) -> None:
    for text in ("NaN", "1e400", "Infinity"):
        answer = api.generic("POST", OPERATIONS, f'{{"money": {text}}}', content_type="application/json")
        assert answer.status_code in (400, 422)
        assert answer.json()["success"] is False


def test_credits_are_whole(api: APIClient) -> None:
    answer = ask(api, walletId=wallet_ids(api)["credits"], money=1.5)
    assert list(answer.json()["data"]) == ["money"]


def test_another_users_wallet_can_not_be_touched(api: APIClient, seller_api: APIClient) -> None:
    theirs = wallet_ids(seller_api)["USD"]
    assert list(ask(api, walletId=theirs).json()["data"]) == ["walletId"]
    assert_refused(api.put("/api/user-wallets", {"id": theirs, "info": "mine"}), 404, "not_found")
    assert_refused(api.delete(f"/api/user-wallets/{theirs}"), 404, "not_found")
    colleague = ask(seller_api, walletId=theirs).json()["data"]["id"]
    assert_refused(api.get(f"{OPERATIONS}/{colleague}"), 404, "not_found")


def test_a_colleague_in_the_same_tenant_sees_nothing(
    make_user: UserFactory, client_of: Callable[[User], APIClient], user: User, api: APIClient
) -> None:
    colleague = client_of(make_user(tenant=user.tenant))
    wallet_id = wallet_ids(api)["USD"]
    assert wallet_id not in wallet_ids(colleague).values()
    operation = ask(api, walletId=wallet_id).json()["data"]["id"]
    assert_refused(colleague.get(f"{OPERATIONS}/{operation}"), 404, "not_found")
    assert operation not in {o["id"] for o in colleague.get(OPERATIONS).json()["data"]["items"]}


def test_staff_grant_credits(api: APIClient, staff_api: APIClient, user: User) -> None:
    operation = ask(staff_api, walletId=wallet_ids(api)["credits"], money=5).json()["data"]
    assert operation["user"]["id"] == user.pk
    staff_api.patch(STATUS, {"id": operation["id"], "status": 2})
    assert credits_of(user) == 55


def test_a_key_asks_once(api: APIClient) -> None:
    wallet_id = wallet_ids(api)["USD"]
    answers = [ask(api, walletId=wallet_id, idempotency_key="k") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert_refused(ask(api, walletId=wallet_id, money=11, idempotency_key="k"), 422, "idempotency_conflict")


def test_lists_filter(api: APIClient, staff_api: APIClient, user: User, seller: User) -> None:
    put_money(user, 20)
    ask(api, walletId=wallet_ids(api)["USD"], type=2)
    listed = api.get(f"{OPERATIONS}?type=2&order=id:asc").json()["data"]
    assert [o["money"] for o in listed["items"]] == [10]
    assert api.get(OPERATIONS).json()["data"]["totalItems"] == 3
    assert api.get(f"{OPERATIONS}?type=7").status_code == 422

    put_money(seller, 1)
    url = "/api/administration/finance-operations/get-all"
    assert_refused(api.get(url), 403, "forbidden")
    total = staff_api.get(url).json()["data"]["totalItems"]
    assert total == 5
    found = staff_api.get(f"{url}?userLogin={user.name}&statusId=1&startDate=2020-01-01&endDate=2999-01-01")
    (operation,) = found.json()["data"]["items"]
    assert (operation["user"]["login"], operation["status"]) == (user.name, 1)
    assert staff_api.get(f"{url}?endDate=2020-01-01").json()["data"]["items"] == []
    assert staff_api.get(f"{url}?id={operation['id']}").json()["data"]["totalItems"] == 1
    assert staff_api.get(f"{url}?startDate=yesterday").status_code == 422


def test_staff_see_the_account_behind_a_wallet(api: APIClient, staff_api: APIClient) -> None:
    wallet_id = wallet_ids(api)["USD"]
    api.put("/api/user-wallets", {"id": wallet_id, "info": "DE89 3704 0044"})
    operation = ask(api, walletId=wallet_id).json()["data"]
    assert operation["wallet"]["info"] == "**********0044"
    assert staff_api.get(f"{OPERATIONS}/{operation['id']}").json()["data"]["wallet"]["info"] == "DE89 3704 0044"
