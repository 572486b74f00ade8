"""Arrows between apps that are written as strings point downwards, too: the layers' linter sees imports alone."""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import Model

ROOT = Path(__file__).parent.parent
CONTRACT = "Apps build on one another in one direction"


def layers() -> list[str]:
    """From the lowest upwards, as the linter has them, without what puts them together."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (found,) = (contract for contract in contracts if contract["name"] == CONTRACT)
    _composition, *layers = found["layers"]
    return layers[::-1]


LEVEL = {package: level for level, layer in enumerate(layers()) for package in re.findall(r"[\w.]+", layer)}
PACKAGES = list(LEVEL)


def above(package: str) -> list[str]:
    """The packages that this one must not know: a bar stands between strangers, a colon between acquaintances."""
    lowest = LEVEL[package] + ("|" not in layers()[LEVEL[package]])
    return [other for other in PACKAGES if other != package and LEVEL[other] >= lowest]


def models_of(packages: list[str]) -> list[type[Model]]:
    configs = [config for config in apps.get_app_configs() if config.name in packages]
    return [model for config in configs for model in config.get_models(include_auto_created=True)]


def test_relations_point_downwards() -> None:
    """But for the user's, whom Django itself finds by a setting: what is below the accounts may belong to somebody."""
    upward = {
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for package in PACKAGES
        for model in models_of([package])
        for field in model._meta.get_fields(include_hidden=True)
        if field.is_relation and not field.auto_created and field.related_model in models_of(above(package))
    }
    assert upward == {"api.IdempotencyRecord.user -> accounts.User"}
    assert apps.get_model("api.IdempotencyRecord")._meta.get_field("user").swappable_setting == "AUTH_USER_MODEL"


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_is_looked_up_by_what_leads_back(package: str) -> None:
    """From a row to those of an app above that refer to it."""
    upper = models_of(above(package))
    back = {
        name
        for model in models_of([package])
        for relation in model._meta.related_objects
        if relation.related_model in upper
        for name in (relation.name, relation.get_accessor_name())
        if name
    }
    assert places(package, rf"-?(\w+__)*({one_of(back)})(__\w+)*") == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_statement_names_a_table_of_an_app_above(package: str) -> None:
    tables = {model._meta.db_table for model in models_of(above(package))}
    assert places(package, rf"(?s:.*)\b({one_of(tables)})\b(?s:.*)") == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_text_names_a_module_or_model_of_an_app_above(package: str) -> None:
    modules = {
        f"{other}.{path.stem}" for other in above(package) for path in (ROOT / other.replace(".", "/")).iterdir()
    }
    named = {model._meta.label for model in models_of(above(package))}
    assert places(package, rf"({one_of(modules | named)})(\.\w+)*") == []


def one_of(names: set[str]) -> str:
    """A pattern; that of no names matches nothing."""
    return "|".join(map(re.escape, sorted(names))) or r"(?!)"


def places(package: str, pattern: str) -> list[str]:
    """Where the package says something of that form."""
    wanted = re.compile(pattern)
    return [where for where, text in said(package) if wanted.fullmatch(text)]


@functools.cache
def said(package: str) -> tuple[tuple[str, str], ...]:
    """Every text, attribute and named argument of the sources, with its place: what could be a name in the database."""
    return tuple(_said(package))


def _said(package: str) -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / package.replace(".", "/")).rglob("*.py")):
        if {"tests", "migrations"} & set(path.parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Constant(value=str(text)) | ast.keyword(arg=str(text)) | ast.Attribute(attr=text):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", text
