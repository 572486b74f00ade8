"""Fetching models and rendering previews as staff ask for it in the panel: in the background, with progress."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.services.audit import record
from config.api.errors import Conflict, DomainError, ValidationFailed
from config.api.why import check_reason
from config.platform import background
from effects.models import Effect
from studio.models import CatalogueTask
from studio.rendering.errors import RenderError
from studio.services.catalogue.effect_previews import render_previews
from studio.services.catalogue.fetching import check_wish, fetch_model

logger = logging.getLogger(__name__)

SLICE_SECONDS = 120.0
"""A fetch gives the worker back to mails after so long, and goes on behind them where it was."""
TASK_SECONDS = 3600
SILENT = timedelta(minutes=10)
"""Work that was not heard of for so long has died with its worker, and can be tried again."""
_STEP_SECONDS = 1.0


class _SliceOver(Exception):
    pass


def ask_fetch(
    *, staff: User, repo_id: str, revision: str, slug: str, name: str, family: str, model_type: str, reason: str
) -> CatalogueTask:
    """Have a model fetched from the hub. Raises ValidationFailed, and Conflict while it is being fetched."""
    check_wish(repo_id=repo_id, revision=revision, slug=slug, family=family, model_type=model_type)
    wish = {"repo_id": repo_id, "revision": revision, "name": name, "family": family, "model_type": model_type}
    return _ask(staff, CatalogueTask.Kind.FETCH, slug, wish, reason)


def ask_preview(*, staff: User, effect: Effect, reason: str) -> CatalogueTask:
    """Have thumbnail and clip of an effect rendered anew. Raises Conflict while they are being rendered."""
    if effect.is_deleted:
        raise ValidationFailed({"reason": ["The effect is deleted: restore it first."]})
    return _ask(staff, CatalogueTask.Kind.PREVIEW, effect.slug, {"effect": str(effect.pk)}, reason)


def ask_again(*, staff: User, task: CatalogueTask, reason: str) -> CatalogueTask:
    """Try again what failed, or what has died. Raises Conflict for what is under way or done."""
    with transaction.atomic():
        locked = CatalogueTask.objects.select_for_update().get(pk=task.pk)
        if not can_be_asked_again(locked):
            raise Conflict(f"This is {locked.status}: there is nothing to try again.")
        _write(locked, status=CatalogueTask.Status.FAILED, message=locked.message or "It died with its worker.")
        if locked.kind == CatalogueTask.Kind.FETCH:
            wish = {**locked.wish, "slug": locked.subject}
            wish.pop("name")
            check_wish(**wish)
        return _ask(staff, locked.kind, locked.subject, locked.wish, reason)


def can_be_asked_again(task: CatalogueTask) -> bool:
    died = task.is_open and task.updated_at < timezone.now() - SILENT
    return task.status == CatalogueTask.Status.FAILED or died


def run_task(task_id: int) -> None:
    """In the background worker."""
    task = CatalogueTask.objects.filter(pk=task_id, status__in=CatalogueTask.OPEN).first()
    if task is None:
        return
    _write(task, status=CatalogueTask.Status.RUNNING)
    meter = _Meter(task)
    try:
        message = _fetch(task, meter) if task.kind == CatalogueTask.Kind.FETCH else _preview(task, meter)
    except _SliceOver:
        background.enqueue(run_task, task.pk, seconds=TASK_SECONDS)
    except (RenderError, DomainError) as error:
        _write(task, status=CatalogueTask.Status.FAILED, message=str(error))
    except Exception as error:
        logger.exception("Task %s of the catalogue failed", task.pk)
        _write(task, status=CatalogueTask.Status.FAILED, message=f"It broke ({type(error).__name__}); see the log.")
    else:
        _write(task, status=CatalogueTask.Status.DONE, message=message)


class _Meter:
    """Writes how far the work is, once a second."""

    def __init__(self, task: CatalogueTask) -> None:
        self._task, self._began, self._written = task, time.monotonic(), 0.0
        self.slices = task.kind == CatalogueTask.Kind.FETCH

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._written >= _STEP_SECONDS or done == total:
            self._written = now
            _write(self._task, done=done, total=total)
        if self.slices and done < total and now - self._began > SLICE_SECONDS:
            raise _SliceOver


def _fetch(task: CatalogueTask, meter: _Meter) -> str:
    wish = task.wish
    model, created = fetch_model(
        repo_id=wish["repo_id"],
        slug=task.subject,
        name=wish["name"],
        family=wish["family"],
        model_type=wish["model_type"],
        revision=wish["revision"],
        enabled=False,
        progress=meter,
    )
    return f"Checked; {'in the catalogue as' if created else 'refreshed:'} model {model.pk}."


def _preview(task: CatalogueTask, meter: _Meter) -> str:
    effect = Effect.objects.filter(pk=int(task.wish["effect"]), deleted_at=None).first()
    if effect is None:
        raise ValidationFailed({"effect": ["The effect was deleted meanwhile."]})
    render_previews(effect, meter)
    return "Thumbnail and clip are new."


def _ask(staff: User, kind: str, subject: str, wish: dict[str, str], reason: str) -> CatalogueTask:
    reason = check_reason(reason)
    try:
        with transaction.atomic():
            task = CatalogueTask.objects.create(kind=kind, subject=subject, wish=wish)
            record(f"catalogue.{kind}", actor=staff, what=subject, reason=reason, wish=wish)
            background.enqueue(run_task, task.pk, seconds=TASK_SECONDS)
    except IntegrityError as error:
        raise Conflict(f"Somebody has asked for {subject} already; it is under way.") from error
    return task


def _write(task: CatalogueTask, **columns: object) -> None:
    for name, value in columns.items():
        setattr(task, name, value)
    task.updated_at = timezone.now()
    task.save(update_fields=[*columns, "updated_at"])
