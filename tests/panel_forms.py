"""Forms of the staff panel's pages, as a browser would send them back."""

from __future__ import annotations

from html.parser import HTMLParser

Data = dict[str, list[str]]


class _Form(HTMLParser):
    """Reads the fields of the first form that has one named so."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted, self.found, self.now = wanted, None, None
        self.text: tuple[str, list[str]] | None = None
        self.select: tuple[str, list[str], list[str]] | None = None

    found: Data | None
    now: Data | None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        name = said.get("name", "")
        if tag == "form":
            self.now = {}
        elif self.now is None:
            return
        elif tag == "input" and name:
            kind = said.get("type", "text")
            if kind in ("submit", "button", "file") or (kind in ("checkbox", "radio") and "checked" not in said):
                return
            self.now.setdefault(name, []).append(said.get("value", "on" if kind == "checkbox" else ""))
        elif tag == "textarea":
            self.text = (name, [])
        elif tag == "select":
            self.select = (name, [], [])
        elif tag == "option" and self.select:
            (self.select[1] if "selected" in said else self.select[2]).append(said.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self.text:
            self.text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if self.now is None:
            return
        if tag == "textarea" and self.text:
            # The first line break of a textarea is not part of it.
            self.now[self.text[0]] = ["".join(self.text[1]).removeprefix("\r").removeprefix("\n")]
            self.text = None
        elif tag == "select" and self.select:
            name, chosen, others = self.select
            self.now[name] = chosen or others[:1]
            self.select = None
        elif tag == "form":
            if self.found is None and self.wanted in self.now:
                self.found = self.now
            self.now = None


def form_of(page: str, wanted: str) -> Data:
    """What the form that has the field ``wanted`` would send, untouched."""
    parser = _Form(wanted)
    parser.feed(page)
    assert parser.found is not None, f"no form with {wanted}"
    return parser.found
