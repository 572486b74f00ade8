"""What does not fit where apps plug into one another stops the start."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from commerce.checks import check_payment_providers
from commerce.hooks import payment_providers
from config.platform.hooks import Hook, hook, hook_of, named_in
from studio.hooks import render_providers

ROOT = Path(__file__).parent.parent
APPS = ("accounts", "commerce", "effects", "gallery", "messaging", "studio", "support", "tenants")


@hook
def renamed(video: int, *, title: str) -> str:
    """What tests plug into."""
    raise NotImplementedError


def _in_words(video: int, title: str) -> str:
    return f"{video} {title}"


def _twice(video: int, *, title: str, times: int = 2) -> str:
    return title * times


def test_all_that_is_plugged_in_is_called_in_order() -> None:
    renamed.plug("first", _in_words)
    renamed.plug("second", _twice)
    assert renamed(7, title="a") == {"first": "7 a", "second": "aa"}
    assert list(renamed) == ["first", "second"]


def test_the_same_may_be_plugged_in_twice_and_nothing_else_in_its_place() -> None:
    numbers = hook_of("numbers", int, "")
    numbers.plug("one", 1)
    numbers.plug("one", 1)
    with pytest.raises(ImproperlyConfigured, match="Two plug 'one' into the hook numbers"):
        numbers.plug("one", 2)
    assert numbers["one"] == 1


def test_what_does_not_fit_is_told() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"'two' does not fit the hook numbers: 'two' is no int"):
        hook_of("numbers", int, "").plug("two", "two")  # type: ignore[arg-type]
    with pytest.raises(ImproperlyConfigured, match=r"can't be called as renamed\(video.*title"):
        renamed.plug("third", lambda video: "")  # type: ignore[arg-type, misc]
    assert "third" not in renamed


@pytest.mark.parametrize("path", ["os.nothing", "nothing", "no_module.check"])
def test_what_a_setting_names_is_there_when_the_studio_starts(path: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"EMAIL_CHECKS names '{path}', which can't be imported"):
        named_in("EMAIL_CHECKS", path)
    assert named_in("EMAIL_CHECKS", "os.getcwd") is os.getcwd


@pytest.mark.parametrize(
    ("checks", "problem"),
    [
        ("os.getcwd", "'os.getcwd' does not fit the hook address_complaint"),
        ("os.nothing", "EMAIL_CHECKS names 'os.nothing'"),
    ],
)
def test_a_wrong_check_of_addresses_stops_the_start(checks: str, problem: str) -> None:
    environment = {**os.environ, "EMAIL_CHECKS": checks}
    started = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert started.returncode != 0
    assert problem in started.stderr.splitlines()[-1]


def test_every_payment_method_has_somebody_who_collects(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_payment_providers() == []
    monkeypatch.delitem(payment_providers._plugged, "cash")
    (found,) = check_payment_providers()
    assert found.msg == "Nobody is plugged in who collects by cash."


@pytest.mark.parametrize("providers", [payment_providers, render_providers])
def test_a_provider_is_one(providers: Hook[Any]) -> None:
    with pytest.raises(ImproperlyConfigured, match="does not fit the hook"):
        providers.plug("barter", object())
    assert "barter" not in providers


def test_no_app_reaches_for_the_models_of_another_by_name() -> None:
    """An arrow that is written as a string is one that the layers' linter does not see."""
    reached = [
        f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}"
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if not {"tests", "migrations"} & set(path.parts)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and _reaches(node)
    ]
    assert not reached


def _reaches(node: ast.Attribute) -> bool:
    of = ast.unparse(node.value)
    by_a_row = of.startswith("type(") and of != "type(self)"
    return node.attr == "get_model" or (by_a_row and node.attr in ("objects", "_base_manager", "_default_manager"))
