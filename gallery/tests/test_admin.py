"""Moderation in the staff's pages."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from gallery import services
from gallery.models import GalleryItem
from gallery.tests.conftest import Publish
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/gallery/galleryitem/"


@pytest.fixture
def moderator(make_user: UserFactory) -> User:
    return make_user(role=User.Role.ADMINISTRATOR)


@pytest.fixture
def staff(moderator: User) -> Client:
    client = Client()
    client.force_login(moderator)
    return client


@pytest.mark.parametrize("state", ["hidden", "removed", "visible"])
def test_decisions_go_through_the_service(staff: Client, moderator: User, publish: Publish, state: str) -> None:
    item, other = publish(), publish()
    report = services.report(item=item, user=moderator, reason="spam")
    asked = {"action": f"moderate_{state}", "_selected_action": item.pk}
    assert staff.post(LIST, asked).status_code == 200
    answer = staff.post(LIST, {**asked, "reason": "So.", "confirmed": "1"})
    assert answer.status_code == 302
    for row in (item, other, report):
        row.refresh_from_db()
    assert (item.moderation, item.moderated_by) == (state, moderator)
    assert (other.moderation, other.moderated_by) == ("visible", None)
    assert report.resolved_at is not None


def test_titles_are_text_and_never_markup(staff: Client, publish: Publish) -> None:
    item = publish(title="<script>alert(1)</script>")
    services.report(item=item, user=item.owner, reason="other", details="<img src=x onerror=alert(1)>")
    for url in (LIST, f"{LIST}?reports=open", f"{LIST}{item.pk}/change/", "/admin/gallery/galleryreport/"):
        answer = staff.get(url)
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_nothing_is_edited_or_deleted_by_hand(staff: Client, publish: Publish) -> None:
    item = publish()
    assert staff.post(f"{LIST}{item.pk}/change/", {"title": "Mine"}).status_code == 403
    assert staff.post(f"{LIST}{item.pk}/delete/", {"post": "yes"}).status_code == 403
    assert GalleryItem.objects.get().title == "My Cartoon Selfie"
