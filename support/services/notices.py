"""Mails about requests: none contains what was written, so none can quote another's words to a third."""

from __future__ import annotations

from django.conf import settings

from config.platform.mail import send_mail
from config.platform.notices import send_notice
from support.models import SupportRequest
from support.services.links import follow_link


def mail_filed(request_id: int) -> None:
    """Tell the author where to follow the request, and staff, once per quiet period, that there are new ones."""
    request = SupportRequest.objects.get(pk=request_id)
    if not request.email:
        # Its author's account is deleted.
        return
    if settings.SUPPORT_EMAIL:
        send_notice(
            "support:new",
            to=settings.SUPPORT_EMAIL,
            subject="New support requests",
            template="support_new",
            context={"link": f"{settings.PUBLIC_URL}/admin/support/supportrequest/"},
        )
    send_mail(
        to=request.email,
        subject=f"Your support request #{request.pk}",
        template="support_filed",
        context={"name": request.login, "link": follow_link(request)},
    )


def mail_answered(request_id: int) -> None:
    """Tell the author of an answer, once per quiet period and request."""
    request = SupportRequest.objects.get(pk=request_id)
    if not request.email:
        return
    send_notice(
        f"support:{request.pk}",
        to=request.email,
        subject=f"An answer to your support request #{request.pk}",
        template="support_answered",
        context={"name": request.login, "link": follow_link(request)},
    )
