"""What the documents refer to is there: files, folders and headings."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def headings(document: Path) -> set[str]:
    """As they are written in links: lower case, hyphens for blanks, no other signs."""
    titles = re.findall(r"^#+ (.+)$", FENCED.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for link in LINK.findall(FENCED.sub("", document.read_text())):
        path, _, heading = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        there = (document.parent / path).resolve() if path else document
        assert there.exists(), link
        assert not heading or heading in headings(there), link


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md"])
def test_files_that_are_pointed_to_exist(name: str) -> None:
    named = re.findall(r"`([\w./]+/[\w./]*)`", (ROOT / name).read_text())
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    "document", [path for path in DOCUMENTS if path.parent.name != "adr"], ids=lambda path: path.name
)
def test_every_file_that_a_page_names_is_there(document: Path) -> None:
    """By the end of its path. Decisions tell of what was there when they were made."""
    named = re.findall(r"`([\w./-]+\.(?:py|js|sql|txt|html))`", document.read_text())
    assert [name for name in named if not any(path.endswith(f"/{name}") for path in sources())] == []


@functools.cache
def sources() -> tuple[str, ...]:
    folders = [folder for folder in ROOT.iterdir() if folder.is_dir() and not folder.name.startswith(".")]
    return (*map(str, ROOT.glob("*.*")), *(str(path) for folder in folders for path in folder.rglob("*.*")))
