"""What ``bench.api`` needs beside a filled database: a catalogue of that size, and somebody who is signed in."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import Count

from accounts.models import User
from accounts.services.audit import Device
from accounts.services.sessions import open_session
from effects.models import Category, Effect
from studio.models import Video
from tenants.scope import all_tenants


@dataclass(frozen=True)
class Person:
    """Whose lists are read."""

    token: str
    videos: int
    newest_video: int


def sign_in() -> Person:
    """Whoever has most videos."""
    with all_tenants():
        owners = Video.objects.filter(deleted_at=None).order_by().values_list("owner")
        owner, count = owners.annotate(count=Count("pk")).order_by("-count")[0]
        user = User.objects.get(pk=owner)
        tokens = open_session(user=user, device=Device(address="127.0.0.1", user_agent="bench"))
        newest = Video.objects.filter(owner=user, deleted_at=None).order_by("-pk")[0]
    connection.close_pool()  # type: ignore[attr-defined]
    return Person(tokens.access, count, newest.pk)


def add_effects(rows: int) -> None:
    """``rows`` effects in all."""
    missing = rows - Effect.objects.count()
    if missing <= 0:
        return
    category, _ = Category.objects.get_or_create(slug="artistic", defaults={"name": "Artistic"})
    with connection.cursor() as cursor:
        cursor.execute(_EFFECTS, {"category": category.pk, "rows": missing})
        cursor.execute("VACUUM (ANALYZE) effects_effect")


_EFFECTS = """
INSERT INTO effects_effect (name, slug, description, category_id, tags, type, parameters, configurable_properties,
    thumbnail_url, preview_video_url, credits_cost, is_active, is_premium, is_new, popularity_score, use_count,
    created_at, updated_at)
SELECT 'Effect ' || n, 'effect-' || n, 'Transform your video into number ' || n || ' of many animations.', %(category)s,
    ARRAY['cartoon', 'animation', 'tag' || n %% 100], 'video_transform', '{}', '[]',
    '/effects/media/effect-' || n || '.jpg', '/effects/media/effect-' || n || '.mp4', n %% 50, true, n %% 7 = 0,
    n %% 11 = 0, n %% 100, n %% 1000, now(), now()
FROM generate_series(1, %(rows)s) AS n
"""
