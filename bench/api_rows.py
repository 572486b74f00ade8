"""A gallery and a catalogue of any size, written by the database itself."""

from __future__ import annotations

from django.db import connection

from accounts.models import User
from effects.models import Category, Effect
from studio.models import MediaFile
from tenants.scope import all_tenants
from tenants.services import create_tenant

EFFECTS = 40
"""Effects that gallery items are made with."""


def fill(rows: int) -> None:
    """``rows`` published items of 40 effects, and ``rows`` effects in all."""
    tenant = create_tenant(name="bench")
    owner = User.objects.create_user(email="bench@example.com", password=None, tenant=tenant, name="bench")
    category = Category.objects.create(name="Artistic", slug="artistic")
    with all_tenants(), connection.cursor() as cursor:
        file = MediaFile.objects.create(
            tenant=tenant, owner=owner, kind=MediaFile.Kind.OUTPUT, original_filename="output.mp4",
            mime_type="video/mp4", size=1, storage_key="bench/output.mp4",
        )  # fmt: skip
        cursor.execute(_EFFECTS, {"category": category.pk, "rows": rows})
        first = Effect.objects.order_by("pk").values_list("pk", flat=True)[0]
        cursor.execute(_VIDEOS, {"tenant": tenant.pk, "owner": owner.pk, "rows": rows})
        cursor.execute(
            _ITEMS, {"owner": owner.pk, "file": file.pk, "category": category.pk, "first": first, "effects": EFFECTS}
        )
        for model in ("effects_effect", "studio_video", "gallery_galleryitem"):
            cursor.execute(f"VACUUM (ANALYZE) {model}")


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
_VIDEOS = """
INSERT INTO studio_video (tenant_id, owner_id, type, title, status, parameters, input_payload, error, created_at,
    updated_at)
SELECT %(tenant)s, %(owner)s, 'vid2vid', 'Video ' || n, 'completed', '{}', '{}', '', now(), now()
FROM generate_series(1, %(rows)s) AS n
"""
_ITEMS = """
INSERT INTO gallery_galleryitem (video_id, owner_id, owner_name, title, effect_id, effect_name, effect_slug,
    category_id, category_name, tags, keywords, recipe, processed_file_id,
    thumbnail_file_id, width, height, duration, published_at, moderation, moderation_note, views, likes)
SELECT video.id, %(owner)s, 'johndoe', 'My video number ' || video.id, effect.id, effect.name, effect.slug,
    %(category)s, 'Artistic', effect.tags, array_to_string(effect.tags, ' '), '{}', %(file)s, %(file)s, 448, 256, 4.0,
    now() - video.id * interval '1 minute', 'visible', '', video.id %% 10000, video.id %% 300
FROM studio_video AS video
JOIN effects_effect AS effect ON effect.id = %(first)s + video.id %% %(effects)s
"""
