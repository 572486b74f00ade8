"""What support's lists can be filtered, searched and ordered by."""

from __future__ import annotations

from typing import ClassVar

from commerce.lists import Since, Until
from config.api.filters import Choice, DateTime, Int, ListSpec
from support.models import SupportRequest


class RequestList(ListSpec):
    filters: ClassVar = {
        "id": Int(),
        "status": Choice(SupportRequest.Status),
        "subject": Choice(SupportRequest.Subject),
        "created_at": DateTime(),
        "updated_at": DateTime(),
    }
    params: ClassVar = {
        "id": Int(),
        "statusId": Choice(SupportRequest.Status, "status"),
        "startDate": Since("created_at"),
        "endDate": Until("created_at"),
    }
    order: ClassVar = ("id", "created_at")
    default_order: ClassVar = "id:desc"
    feed: ClassVar = ("id", "created_at")
    count_ttl: ClassVar = 60
    exact_below: ClassVar = 1000


class StaffRequestList(RequestList):
    params: ClassVar = {**RequestList.params, "userId": Int("author_id"), "assigneeId": Int("assignee_id")}
    search: ClassVar = ("email", "login")


class SupportMessageList(ListSpec):
    order: ClassVar = ("id",)
    default_order: ClassVar = "id:asc"
    feed: ClassVar = ("id",)
    count_ttl: ClassVar = 60
    exact_below: ClassVar = 1000
