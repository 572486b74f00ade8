"""Names that people gave themselves, as mails of ours to other people may show them."""

from __future__ import annotations

import re
import unicodedata

LENGTH = 60

_SCHEME = re.compile(r"\b[a-z][a-z0-9+.-]*:(?://)?", re.IGNORECASE)
_DOT_INSIDE = re.compile(r"(?<=\S)[.\u3002\uff0e\uff61\u2024](?=\S)")


def shown_name(name: str) -> str:
    """The name on one line, at most 60 characters, with nothing in it that a mail program would make a link of."""
    text = unicodedata.normalize("NFKC", name)
    text = "".join(" " if unicodedata.category(sign)[0] in "ZC" else sign for sign in text)
    text = _DOT_INSIDE.sub(" ", _SCHEME.sub(" ", text))
    text = " ".join(re.sub(r"[/\\@<>\[\](){}|#?=%*_`~\"]", " ", text).split())
    return f"{text[: LENGTH - 1].rstrip()}\u2026" if len(text) > LENGTH else text
