import pytest

from config.api.throttling import parse_rate


@pytest.mark.parametrize(
    ("rate", "expected"), [("30/min", (30, 60)), ("5/s", (5, 1)), ("1/hour", (1, 3600)), ("9/day", (9, 86400))]
)
def test_rate(rate, expected):
    assert parse_rate(rate) == expected


def test_caller_over_the_rate_is_told_when_to_come_back(client, db, settings):
    settings.THROTTLES = {"api": "2/day"}
    assert [client.get("/api/values").status_code for _ in range(3)] == [200, 200, 429]
    response = client.get("/api/values")
    assert (response.json()["success"], response.json()["code"]) == (False, "too_many_requests")
    assert 1 <= int(response.headers["Retry-After"]) <= 86400
    # Another address is another caller.
    assert client.get("/api/values", REMOTE_ADDR="10.0.0.9").status_code == 200


def test_forged_forwarding_header_changes_nothing(client, db, settings):
    settings.THROTTLES = {"api": "1/day"}
    assert client.get("/api/values").status_code == 200
    assert client.get("/api/values", headers={"X-Forwarded-For": "1.2.3.4"}).status_code == 429


def test_behind_a_proxy_clients_are_counted_apart_whatever_they_claim(client, db, settings):
    settings.THROTTLES = {"api": "1/day"}
    settings.TRUSTED_PROXIES = 1

    def status(claimed, real):
        return client.get("/api/values", headers={"X-Forwarded-For": ", ".join([*claimed, real])}).status_code

    assert status([], "8.8.8.8") == 200
    assert status(["1.2.3.4"], "8.8.8.8") == 429
    assert status(["5.6.7.8", "1.2.3.4"], "8.8.8.8:4711") == 429
    assert status(["8.8.8.8"], "8.8.4.4") == 200


def test_accounts_do_not_share_and_do_not_gain_by_moving(signed_in, user, settings):
    settings.THROTTLES = {"api": "1/day"}
    assert signed_in.get("/api/values").status_code == 200
    assert signed_in.get("/api/values", REMOTE_ADDR="10.0.0.9").status_code == 429
    signed_in.force_authenticate(None)
    assert signed_in.get("/api/values").status_code == 200


def login(client, email, address="10.0.0.1"):
    return client.post("/api/login", {"email": email}, REMOTE_ADDR=address).status_code


def test_login_counts_by_named_account_and_address(client, db, settings):
    settings.THROTTLES = {"api": "100/day", "login": "1/day"}
    assert login(client, "ada@example.com") == 200
    assert login(client, " ADA@example.com") == 429
    assert login(client, "bob@example.com") == 200
    assert login(client, "ada@example.com", "10.0.0.2") == 200


def test_one_address_can_not_try_accounts_for_ever(client, db, settings):
    settings.THROTTLES = {"login": "1/day"}
    answers = [login(client, f"user{n}@example.com") for n in range(11)]
    assert answers == [200] * 10 + [429]


def test_scopes_count_apart_and_off_is_off(client, db, settings):
    settings.THROTTLES = {"api": "1/day", "login": "1/day"}
    assert client.get("/api/values").status_code == 200
    assert login(client, "ada@example.com", "127.0.0.1") == 200
    assert client.get("/api/values").status_code == 429
    settings.THROTTLES = {}
    assert client.get("/api/values").status_code == 200
