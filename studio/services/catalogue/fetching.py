"""A model from a hub, into the model folder and into the catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from config.api.errors import ValidationFailed
from studio.models import ModelFile
from studio.rendering.models.checks import check_depth_model, check_model
from studio.rendering.plan import ModelSpec

TYPES = ("checkpoint", "controlnet", "lora", "depth")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,126}")

OnProgress = Callable[[int, int], None]
"""Told of the bytes done and the bytes in all."""


def check_wish(*, repo_id: str, revision: str, slug: str, family: str, model_type: str) -> None:
    """Raises ValidationFailed naming the field; a slug must not be that of a model that came otherwise."""
    problems: dict[str, list[str]] = {}
    if not _REPOSITORY.fullmatch(repo_id) or ".." in repo_id:
        problems["repo_id"] = ["Must be owner/name, as on the hub."]
    if not _REVISION.fullmatch(revision) or ".." in revision:
        problems["revision"] = ["Must be a branch, a tag or a commit."]
    if not _SLUG.fullmatch(slug):
        problems["slug"] = ["Small letters, digits, - and _ alone."]
    elif ModelFile.objects.filter(slug=slug).exclude(location=slug).exists():
        problems["slug"] = ["A model that was not fetched has this slug: take another one."]
    if family not in ModelFile.Family.values:
        problems["family"] = [f"Must be one of {', '.join(ModelFile.Family.values)}."]
    if model_type not in TYPES:
        problems["model_type"] = [f"Must be one of {', '.join(TYPES)}."]
    if problems:
        raise ValidationFailed(problems)


def fetch_model(
    *,
    repo_id: str,
    slug: str,
    name: str,
    family: str,
    model_type: str,
    revision: str = "main",
    enabled: bool = True,
    endpoint: str | None = None,
    progress: OnProgress | None = None,
) -> tuple[ModelFile, bool]:
    """Download it, check it, and put it into the catalogue; answers whether it is new there. Raises ModelError.

    enabled: whether users may choose one that is new; one that was there stays as it was. An empty name keeps the
    one that it has.
    """
    # Its client takes a while to load, and hardly any process needs it.
    from studio.rendering.models.hub import fetch

    folder = Path(settings.MODEL_DIR) / slug
    fetch(
        repo_id,
        folder,
        revision=revision,
        progress=progress,
        endpoint=endpoint or settings.HF_ENDPOINT or None,
        token=settings.HF_TOKEN or None,
    )
    if model_type == "checkpoint":
        check_model(ModelSpec(family, str(folder)))
    elif model_type == "depth":
        check_depth_model(folder)
    facts = {"location": slug, "family": family, "model_type": model_type, "version": revision}
    named = {"name": name} if name else {}
    return ModelFile.objects.update_or_create(
        slug=slug,
        defaults={**facts, **named},
        create_defaults={**facts, "name": name or repo_id.rsplit("/", 1)[-1], "enabled": enabled},
    )
