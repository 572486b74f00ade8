"""A search of a large gallery reads as little as it shows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from gallery.models import GalleryItem
from studio.models import Video
from tenants.scope import tenant_scope
from tests.plans import rows_read

pytestmark = pytest.mark.django_db

ROWS, RARE = 8_000, 5


@pytest.fixture
def many(item: GalleryItem) -> None:
    """As many as there are rows, all of them waves, and the oldest few zebras too."""
    tenant = item.owner.tenant_id
    with tenant_scope(tenant):
        Video.objects.bulk_create(
            Video(tenant_id=tenant, owner=item.owner, type="vid2vid", title="many") for _ in range(ROWS)
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO gallery_galleryitem (video_id, owner_id, owner_name, title, effect_name, effect_slug,"
                " category_name, tags, keywords, recipe, processed_file_id, published_at, moderation, moderation_note,"
                " views, likes) SELECT id, owner_id, 'ann', CASE WHEN n <= %s THEN 'Zebra wave ' ELSE 'Wave ' END || n,"
                " '', '', '', '{}', '', '{}', %s, now() - (%s - n) * interval '1 minute', 'visible', '', 0, 0"
                " FROM (SELECT id, owner_id, row_number() OVER (ORDER BY id) AS n FROM studio_video"
                " WHERE title = 'many') AS numbered",
                [RARE, item.processed_file_id, ROWS],
            )
            cursor.execute("ANALYZE gallery_galleryitem")


def test_a_rare_word_is_looked_up(anonymous: APIClient, many: None) -> None:
    with CaptureQueriesContext(connection) as asked:
        found = anonymous.get("/api/gallery", {"search": "zeb"}).json()["data"]
    assert [item["title"] for item in found["items"]] == [f"Zebra wave {n}" for n in range(RARE, 0, -1)]
    assert found["totalItems"] == RARE
    assert max(rows_read(asked).values()) <= 20 * RARE


def test_a_common_word_shows_the_newest(anonymous: APIClient, many: None) -> None:
    found = anonymous.get("/api/gallery", {"search": "wave", "perPage": 20}).json()["data"]
    assert [item["title"] for item in found["items"]] == [f"Wave {n}" for n in range(ROWS, ROWS - 20, -1)]
    assert found["totalItems"] == ROWS
