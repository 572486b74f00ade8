"""How far types are said: what escapes them in the product's own code is counted, and may only become less."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]

MOST_ANY = 6.0
"""``Any``, imports included, in 1,000 lines."""
MOST_IGNORED = 33
"""Lines that the type checker passes over."""
MOST_CASTS = 16


def test_little_is_any() -> None:
    found = {path: sum(_is_any(node) for node in _nodes(tree)) for path, tree in _trees()}
    lines = sum(len(path.read_text().splitlines()) for path in found)
    most = sorted(found, key=lambda path: -found[path])[:10]
    assert 1000 * sum(found.values()) / lines < MOST_ANY, [f"{path.relative_to(ROOT)}: {found[path]}" for path in most]


def test_few_lines_are_passed_over() -> None:
    ignored = [path for path, _ in _trees() for line in path.read_text().splitlines() if "# type: ignore" in line]
    assert len(ignored) <= MOST_IGNORED


def test_few_types_are_only_claimed() -> None:
    casts = [path for path, tree in _trees() for node in ast.walk(tree) if _is_cast(node)]
    assert len(casts) <= MOST_CASTS


def test_any_is_found_wherever_it_is_written() -> None:
    code = "from typing import Any\nimport typing\nx: Any\ny: 'dict[str, Any]'\ndef f(*a: Any) -> typing.Any: ...\n"
    assert sum(_is_any(node) for node in _nodes(ast.parse(f"{code}z = 'Any'"))) == 5


def _trees() -> Iterator[tuple[Path, ast.Module]]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if not {"tests", "migrations"} & set(path.parts):
                yield path, ast.parse(path.read_text())


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All of them, and those of annotations that are written as texts."""
    for node in ast.walk(tree):
        yield node
        for said in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            for part in ast.walk(said) if isinstance(said, ast.AST) else ():
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    try:
                        yield from ast.walk(ast.parse(part.value, mode="eval"))
                    except SyntaxError:
                        continue  # a text of Annotated


def _is_any(node: ast.AST) -> bool:
    match node:
        case ast.Name(id="Any") | ast.Attribute(value=ast.Name(id="typing"), attr="Any"):
            return True
        case ast.alias(name="Any"):
            return True
    return False


def _is_cast(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cast"
