"""No code of ours writes a whole row that it loaded earlier: what others changed meanwhile would be undone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

APPS = ("accounts", "commerce", "config", "effects", "gallery", "messaging", "studio", "support", "tenants")
FILES = {"default_storage", "np", "torch", "checkpoint", "backups", "media"}
"""What else can be saved: files."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    """All modules that may have rows: the renderer knows no Django."""
    for app in APPS:
        for path in sorted((Path(settings.BASE_DIR) / app).rglob("*.py")):
            if not {"tests", "migrations", "rendering"} & set(path.parts):
                yield str(path.relative_to(settings.BASE_DIR)), ast.parse(path.read_text())


def whole_saves(tree: ast.Module) -> list[int]:
    """Lines of ``x.save(...)`` that name neither the columns nor that the row is new."""
    found = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        of, named = node.func.value, {keyword.arg for keyword in node.keywords}
        if node.func.attr not in ("save", "asave") or {"update_fields", "force_insert"} & named:
            continue
        # What an override hands on is what its caller said.
        passed_on = isinstance(of, ast.Call) and isinstance(of.func, ast.Name) and of.func.id == "super"
        if not (passed_on or (isinstance(of, ast.Name) and of.id in FILES)):
            found.append(node.lineno)
    return found


def unlocked_counts(tree: ast.Module) -> list[int]:
    """Lines of ``x.count += 1`` in functions that save what they load without a lock."""
    found = []
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        words = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
        words |= {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        if "save" in words and not any("lock" in word or word == "select_for_update" for word in words):
            steps = [node for node in ast.walk(function) if isinstance(node, ast.AugAssign)]
            found += [node.lineno for node in steps if isinstance(node.target, ast.Attribute)]
    return found


def test_every_save_names_its_columns_or_is_of_a_new_row() -> None:
    assert [f"{path}:{line}" for path, tree in sources() for line in whole_saves(tree)] == []


def test_what_is_read_and_written_back_is_locked() -> None:
    assert [f"{path}:{line}" for path, tree in sources() for line in unlocked_counts(tree)] == []


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("row.save()", [1]),
        ("find_row(1).save(using='x')", [1]),
        ("form.instance.save()", [1]),
        ("row.save(update_fields=['name'])\nrow.save(force_insert=True)\nnp.save(a, b)\nsuper().save(*a)", []),
    ],
)
def test_the_rule_finds_them(code: str, lines: list[int]) -> None:
    assert whole_saves(ast.parse(code)) == lines


def test_the_rule_finds_counts() -> None:
    read = "def count(row):\n    row.used += 1\n    row.save(update_fields=['used'])\n"
    assert unlocked_counts(ast.parse(read)) == [2]
    assert unlocked_counts(ast.parse(read.replace("row.used", "rows.select_for_update().get().used", 1))) == []
