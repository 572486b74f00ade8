"""No group is led to a page of the panel that it may not open."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import User
from accounts.staff.groups import GROUPS
from config.staff_links import may_open
from effects.models import Effect
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.panel_rows import make_rows
from tests.panel_urls import addresses
from tests.staff_walk import number_below_the_filled
from tests.test_staff_access import LEFT_OUT, person, said

LINK = re.compile(r'<a\b[^>]*?\bhref="(/[^"]*)"')
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("group", GROUPS)
def test_every_link_of_a_groups_pages_opens(make_user: UserFactory, group: str) -> None:
    number_below_the_filled()
    make_rows(3)
    client, links = Client(), dict[str, str]()
    member = person(make_user, group)
    client.force_login(member)
    with all_tenants():
        # Something of a kind that three of the groups may not see, among their own recent acts.
        effect = Effect.objects.get()
        LogEntry.objects.create(
            user=member, content_type=ContentType.objects.get_for_model(Effect), object_id=str(effect.pk),
            object_repr="Kept", action_flag=CHANGE, change_message="[]",
        )  # fmt: skip
        for address in addresses():
            if address.name in LEFT_OUT:
                continue
            answer = client.get(address.url)
            if answer.status_code == 200 and not answer.streaming:
                found = (unescape(link).split("#")[0].split("?")[0] for link in LINK.findall(answer.text))
                links.update((link, address.name) for link in found if link not in links)
        closed = {}
        for link, where in links.items():
            if link.startswith(("/admin/", "/django-rq/")) and "logout" not in link:
                word = said(client.get(link))
                if word in ("403", "404", "login"):
                    closed[link] = f"{word} on {where}"
    assert len(links) > 20
    assert closed == {}


def test_who_may_open_it_keeps_the_link(make_user: UserFactory) -> None:
    make_rows(3)
    request = RequestFactory().get("/admin/")
    user = User.objects.order_by("-pk")[0]
    url = reverse("admin:studio_renderjob_changelist")
    for group, open_to in (("operations", True), ("finance", False), ("support", True)):
        request.user = person(make_user, group)
        assert may_open(request, url) is open_to
        assert may_open(request, reverse("admin:accounts_user_change", args=[user.pk]))
        assert may_open(request, reverse("django_rq:home")) is (group == "operations")
        assert may_open(request, "/gallery")
        assert may_open(request, "/admin/no/such/page/")
