"""The end of an account: what tells who it was is removed, here and in every app that holds something.

First all rows, in one transaction; then what the storage holds. The request stays open until the end, and everything
may be done twice, so a worker that is killed anywhere in between is followed by one that finishes.
"""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.hooks import user_data
from accounts.models import AuditEntry, DataRequest, Invitation, LoginSession, User
from accounts.services.audit import record
from accounts.services.export import archive_lock
from config.api.models import IdempotencyRecord
from config.platform.locks import session_lock
from tenants.scope import all_tenants
from tenants.services import forget_tenant

NAME = "Deleted user"

_CREDENTIALS = (LoginSession, EmailAddress, SocialAccount, Authenticator)


def erase(request_id: str) -> None:
    """Forget the user of a deletion request; with the last member everybody who was in the tenant before."""
    requests = DataRequest.objects.filter(kind=DataRequest.Kind.DELETION, status=DataRequest.Status.PENDING)
    request = requests.select_related("user").filter(pk=request_id).first()
    if request is None:
        return
    # What a user made elsewhere, such as in a chat, is in no tenant.
    with all_tenants():
        with transaction.atomic():
            people = _leaving(request.user)
            for user in people:
                _forget(user)
        for user in people:
            _sweep(user)
    with transaction.atomic():
        done = {"status": DataRequest.Status.DONE, "finished_at": timezone.now()}
        if requests.filter(pk=request.pk).update(**done):
            record("account.deleted", subject=request.user)


def _leaving(user: User) -> list[User]:
    """Who is to be forgotten. Locked, so that of two who leave at once one is the last."""
    members = list(User.objects.select_for_update().filter(tenant_id=user.tenant_id).order_by("pk"))
    if any(member.is_active for member in members):
        return [member for member in members if member.pk == user.pk]
    Invitation.objects.filter(tenant_id=user.tenant_id).delete()
    forget_tenant(user.tenant)
    return members


def _forget(user: User) -> None:
    for holder in user_data.values():
        holder.erase(user)
    for model in _CREDENTIALS:
        model._base_manager.filter(user=user).delete()
    IdempotencyRecord.objects.filter(user=user).delete()
    # Open ones stay: whoever leaves may be about to join the tenant that invites.
    settled = ~Q(accepted_at=None) | ~Q(withdrawn_at=None) | Q(expires_at__lt=timezone.now())
    Invitation.objects.filter(settled, email=user.email).delete()
    _forget_events(user)
    user.email, user.name = f"deleted-{user.pk}@deleted.invalid", NAME
    user.first_name = user.last_name = ""
    user.is_active, user.email_verified_at = False, None
    user.set_unusable_password()
    fields = ("email", "name", "first_name", "last_name", "is_active", "email_verified_at", "password", "updated_at")
    user.save(update_fields=fields)


def _forget_events(user: User) -> None:
    """The log keeps what happened and when, and loses from where and in what words."""
    entries = AuditEntry.objects
    # Acts of staff hold a path and a status, and are what staff have to answer for.
    entries.filter(Q(subject=user) | Q(detail__email=user.email)).exclude(event="staff.act").update(detail={})
    entries.filter(Q(actor=user) | Q(actor=None, subject=user)).update(address=None, user_agent="")
    about = {"content_type": ContentType.objects.get_for_model(User), "object_id": str(user.pk)}
    LogEntry.objects.filter(**about).update(object_repr=NAME, change_message="")


def _sweep(user: User) -> None:
    for holder in user_data.values():
        holder.sweep(user)
    for export in user.data_requests.filter(kind=DataRequest.Kind.EXPORT):
        # Waits for one that is being written.
        with session_lock(archive_lock(str(export.pk)), wait=True):
            default_storage.delete(export.archive_name)
            export.delete()
