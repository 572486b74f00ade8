"""Every code that the sources raise is listed with its status, and the list has none that nobody raises."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings

from config.api import errors
from config.api.codes import CODES, codes

# Where each takes its code.
POSITIONS = {name: 1 for name in vars(errors) if isinstance(vars(errors)[name], type)} | {
    "DomainError": 0,
    "Refused": 1,
}
APPS = ("config", "accounts", "commerce", "effects", "gallery", "messaging", "studio", "support", "tenants")


def raised() -> Iterator[tuple[str, str]]:
    """Each code that stands in a call, and where."""
    for app in APPS:
        for path in sorted((Path(settings.BASE_DIR) / app).rglob("*.py")):
            if "tests" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in POSITIONS:
                    at = POSITIONS[node.func.id]
                    named = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
                    for value in [*node.args[at : at + 1], *named]:
                        if isinstance(value, ast.Constant) and isinstance(value.value, str):
                            yield value.value, f"{path}:{node.lineno}"


def test_every_code_is_listed() -> None:
    assert {code: where for code, where in raised() if code not in codes()} == {}


@pytest.mark.parametrize("app", [app for app in APPS if app not in ("config", "tenants")])
def test_an_app_lists_its_codes_and_no_other_app_raises_them(app: str) -> None:
    own = import_module(f"{app}.codes").CODES
    assert own.keys() - CODES.keys() == own.keys()
    folder = f"{Path(settings.BASE_DIR) / app}/"
    assert [where for code, where in raised() if code in own and not where.startswith(folder)] == []


def test_every_listed_code_stands_in_the_sources() -> None:
    sources = "".join(
        path.read_text()
        for app in APPS
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py")
        if "tests" not in path.parts
        and path.name not in ("codes.py", "documentation.py")
        and "documentation" not in path.parts
    )
    assert {code for code in codes() if f'"{code}"' not in sources} == set()
