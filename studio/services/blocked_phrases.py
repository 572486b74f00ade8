"""The block-list: what staff put on it, and the one place that refuses a prompt for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, TypedDict

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.services.audit import record
from config.api.errors import DomainError, ValidationFailed, refuse
from config.api.why import check_reason
from studio.models import BlockedPhrase
from studio.models.moderation import MAX_FOLDED
from studio.requests.phrases import folded, readings, says

REFUSED = "This prompt says what is not allowed here."
SHORTEST = 2
"""Letters of a phrase."""
NEGATIVE = "--neg"
"""What follows it in a prompt of an animation is to be kept out."""
EVENTS = ("phrase_blocked", "blocked_phrase_changed")
"""In the audit log."""


class Said(NamedTuple):
    """A text, and the field of the request that says it."""

    field: str
    text: str
    negative: bool = False
    """It is to be kept out of the picture."""


class PhraseValues(TypedDict, total=False):
    phrase: str
    whole_words: bool
    in_negative: bool
    enabled: bool


def refuse_blocked(*said: Iterable[Said]) -> None:
    """Raises DomainError ``prompt_refused`` (422), with the reason by field, for what the block-list has.

    Of several groups of texts the first that has some is told of: a later one is where the same words end up.
    """
    groups = [list(group) for group in said]
    if not any(text.strip() for group in groups for _, text, _ in group):
        return
    phrases = list(BlockedPhrase.objects.filter(enabled=True))
    if not phrases:
        return
    for group in groups:
        found: dict[str, list[str]] = {}
        for field, text, negative in group:
            for part, kept_out in _parts(text, negative):
                for phrase in _blocked(phrases, part, negative=kept_out):
                    reason = f"“{phrase.phrase}” is not allowed here."
                    if reason not in found.setdefault(field, []):
                        found[field].append(reason)
        if found:
            raise DomainError("prompt_refused", REFUSED, data=found)


def block_phrase(values: PhraseValues, *, by: User, reason: str) -> BlockedPhrase:
    """A new entry. Raises ValidationFailed naming ``phrase`` or ``reason``."""
    reason = check_reason(reason)
    row = BlockedPhrase(**values)
    _check(row)
    with _unique(), transaction.atomic():
        row.save(force_insert=True)
        record("phrase_blocked", actor=by, phrase_id=row.pk, before=None, after=_shown(row), reason=reason)
    return row


def change_phrase(phrase_id: int, changes: PhraseValues, *, by: User, reason: str) -> BlockedPhrase:
    """Change an entry, or switch it off and on. Raises as ``block_phrase``."""
    reason = check_reason(reason)
    with _unique(), transaction.atomic():
        row = BlockedPhrase.objects.select_for_update().get(pk=phrase_id)
        before = _shown(row)
        for name, value in changes.items():
            setattr(row, name, value)
        _check(row)
        row.save(update_fields=[*changes, "folded", "updated_at"])
        after = _shown(row)
        if after != before:
            record("blocked_phrase_changed", actor=by, phrase_id=row.pk, before=before, after=after, reason=reason)
    return row


def found_in(text: str) -> list[BlockedPhrase]:
    """What the block-list has against a text, for staff who try one."""
    phrases = list(BlockedPhrase.objects.filter(enabled=True))
    return [row for part, kept_out in _parts(text, False) for row in _blocked(phrases, part, negative=kept_out)]


def _parts(text: str, negative: bool) -> list[tuple[str, bool]]:
    wanted, _, unwanted = text.partition(NEGATIVE)
    return [(wanted, negative), *([(unwanted, True)] if unwanted else [])]


def _blocked(phrases: Iterable[BlockedPhrase], text: str, *, negative: bool) -> list[BlockedPhrase]:
    read = readings(text)
    return [
        row
        for row in phrases
        if (row.in_negative or not negative) and says(read, row.folded, whole_words=row.whole_words)
    ]


def _check(row: BlockedPhrase) -> None:
    row.folded = folded(row.phrase)
    if len(row.folded.strip()) < SHORTEST:
        refuse("phrase", f"At least {SHORTEST} letters or digits are needed.")
    if len(row.folded) > MAX_FOLDED:
        refuse("phrase", "This is too long.")
    if BlockedPhrase.objects.exclude(pk=row.pk).filter(folded=row.folded).exists():
        refuse("phrase", "The list has it already, perhaps written in another way.")


@contextmanager
def _unique() -> Iterator[None]:
    """Around a save: of two that add one phrase at once the second is told."""
    try:
        yield
    except IntegrityError as error:
        raise ValidationFailed({"phrase": ["The list has it already."]}) from error


def _shown(row: BlockedPhrase) -> Mapping[str, object]:
    return {name: getattr(row, name) for name in ("phrase", "whole_words", "in_negative", "enabled")}
