import pytest
from django.test import RequestFactory

from config.api.addresses import client_address

PEER = "10.0.0.1"


def seen(settings, proxies, forwarded, peer=PEER):
    settings.TRUSTED_PROXIES = proxies
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_address(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer))


@pytest.mark.parametrize("forwarded", [None, "", "9.9.9.9", "9.9.9.9, 8.8.8.8"])
def test_nobody_is_believed_unless_told_so(settings, forwarded):
    assert seen(settings, 0, forwarded) == PEER


@pytest.mark.parametrize("claimed", ["", "9.9.9.9, ", "nonsense, 9.9.9.9, ", ",,, ", "8.8.8.8, " * 100])
@pytest.mark.parametrize(("proxies", "written"), [(1, "8.8.8.8"), (2, "8.8.8.8, 10.0.0.2"), (3, "8.8.8.8, ::1, ::2")])
def test_what_a_client_writes_itself_changes_nothing(settings, proxies, claimed, written):
    assert seen(settings, proxies, claimed + written) == "8.8.8.8"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (" 8.8.8.8 ", "8.8.8.8"),
        ("8.8.8.8:443", "8.8.8.8"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
    ],
)
def test_one_spelling_for_each_address(settings, written, address):
    assert seen(settings, 1, written) == address
    assert seen(settings, 0, None, peer=written) == address


@pytest.mark.parametrize(
    "garbage",
    [
        *("", "unknown", "_hidden", "a.example.com", "' OR 1=1", "1", "8.8.8", "8.8.8.8.8", "08.8.8.8", "8.8.8.8/32"),
        *("8.8.8.8:", "8.8.8.8:x", "[8.8.8.8", "::1]:80", "٨.٨.٨.٨"),
        pytest.param("9" * 100_000, id="long"),
    ],
)
def test_what_is_no_address_leaves_the_peers(settings, garbage):
    assert seen(settings, 1, f"9.9.9.9, {garbage}") == PEER


def test_fewer_entries_than_proxies_leave_the_peers(settings):
    assert seen(settings, 2, "9.9.9.9") == PEER
    assert seen(settings, 1, None) == PEER


def test_a_unix_socket_has_no_address(settings):
    assert seen(settings, 0, None, peer="") is None
    assert seen(settings, 1, "8.8.8.8", peer="") == "8.8.8.8"
