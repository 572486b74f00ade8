"""Texts as the block-list reads them: however something is spelled, whoever reads the prompt sees the same words.

Case, accents, widths, invisible characters and letters of other scripts that look Latin make no difference; what stands
between words is one space. Words that a prompt's own signs cut up ("nu(de:1.1)") are read joined as well, as the
renderer reads them, and so are letters that stand alone ("n u d e").
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

_LOOK_ALIKE = str.maketrans("аеорсухіјѕԁһԛԝкмтвнгαεορυικτνηøłđıəℓɡʟɪ", "aeopcyxijsdhqwkmtbhraeopuiktvnoldielgli")
_IGNORED = {"Mn", "Me", "Cf"}
"""Accents, and what no eye sees."""
_SIGNS = re.compile(r"<[^<>]*>|(?:\s*:\s*[+-]?[\d.]+\s*)?[()\[\]{}\\]|`[^`]*`")
"""What weighs a part of a prompt, and is none of its words."""
_SPELLED = 3
"""So many letters alone are a word that is spelled."""


def folded(text: str) -> str:
    """The words of a text, with a space before, between and after them; a text without words is one space."""
    plain = _plain(_plain(text).casefold()).translate(_LOOK_ALIKE)
    words = "".join(sign if sign.isalnum() else " " for sign in plain).split()
    return f" {' '.join(words)} " if words else " "


def readings(text: str) -> str:
    """All that a text says, for :func:`says`: its words, those that signs cut up, and those that are spelled."""
    words = folded(text)
    joined = folded(_SIGNS.sub("", text))
    runs = ("".join(run) for alone, run in groupby(words.split(), lambda word: len(word) == 1) if alone)
    spelled = [run for run in runs if len(run) >= _SPELLED]
    return "\n".join([words, *([joined] if joined != words else []), *(f"+{run}" for run in spelled)])


def says(read: str, phrase: str, *, whole_words: bool) -> bool:
    """Whether what ``readings`` gave has the folded phrase, anywhere or as words of their own."""
    bare = phrase.strip()
    if (phrase if whole_words else bare) in read:
        return True
    letters = bare.replace(" ", "")
    return any(letters in line for line in read.split("\n") if line.startswith("+")) if "\n+" in read else False


def _plain(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if unicodedata.category(sign) not in _IGNORED)
