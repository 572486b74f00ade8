"""The list of slow modules names modules that there are."""

from tests.slow import REASONS, ROOT


def test_every_slow_module_is_there() -> None:
    assert [name for name in REASONS if not (ROOT / name).is_file()] == []
