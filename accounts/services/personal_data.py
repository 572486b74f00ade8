"""A user's right to a copy of everything, and to be forgotten: both are done by the queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from accounts.models import DataRequest, LoginSession, User
from accounts.services.audit import record
from accounts.services.lockout import claim_attempt, forgive
from accounts.services.sessions import end_other_sessions
from config.api.envelope import dumps
from config.api.errors import DomainError, NotFound, ValidationFailed
from config.background import enqueue
from config.mail import send_mail
from tenants.scope import all_tenants

erasers: Final[list[Callable[[User], None]]] = []
"""What removes a user's work; the apps that hold some register theirs."""

_SECRETS = {"password", "refresh_jti", "token", "token_secret", "data"}
_CREDENTIALS = ("accounts.LoginSession", "account.EmailAddress", "socialaccount.SocialAccount", "mfa.Authenticator")


def request_export(*, user: User) -> DataRequest:
    """Have a copy made; one at a time."""
    return _request(user, DataRequest.Kind.EXPORT, "accounts.tasks.export_data")


def request_deletion(*, user: User, password: str | None, confirmation: str | None) -> DataRequest:
    """End the account for good. The password proves who asks; an account without one repeats its address."""
    guard = f"password of {user.pk}"
    claim_attempt(account=guard, address=None)
    if user.has_usable_password():
        if not user.check_password(password or ""):
            raise ValidationFailed({"password": ["The password is wrong."]})
    elif confirmation != user.email:
        raise ValidationFailed({"email": ["Repeat the address of the account."]})
    forgive(account=guard, address=None)
    others = User.objects.filter(tenant_id=user.tenant_id, is_active=True).exclude(pk=user.pk)
    if others.exists() and not others.filter(tenant_role=User.TenantRole.OWNER).exists():
        raise DomainError("last_owner", "Make another member an owner first")
    return _request(user, DataRequest.Kind.DELETION, "accounts.tasks.delete_account")


def find_export(*, user: User, request_id: Any) -> DataRequest:
    found = user.data_requests.filter(pk=request_id, kind=DataRequest.Kind.EXPORT, status=DataRequest.Status.DONE)
    request = found.first()
    if request is None:
        raise NotFound("Export not found")
    return request


def export(*, request_id: str) -> None:
    """Write every row that is the user's as JSON into the storage, and tell the user."""
    request = DataRequest.objects.select_related("user").get(pk=request_id)
    if request.status == DataRequest.Status.DONE:
        return
    user = request.user
    # The user's rows, wherever they were made.
    with all_tenants():
        content = {"user": [_plain(user)], **{label: rows for label, rows in _owned_rows(user) if rows}}
    request.file = default_storage.save(f"exports/{request.pk}.json", ContentFile(dumps(content)))
    request.status, request.finished_at = DataRequest.Status.DONE, timezone.now()
    request.save()
    record("data.exported", subject=user)
    context = {"name": user.name, "path": f"/api/me/export/{request.pk}"}
    send_mail(to=user.email, subject="Your data is ready", template="export_ready", context=context)


def erase(*, request_id: str) -> None:
    """Remove the user's work and whatever tells who it was. The ledger keeps its entries, of nobody."""
    request = DataRequest.objects.select_related("user").get(pk=request_id)
    if request.status == DataRequest.Status.DONE:
        return
    user = request.user
    with all_tenants(), transaction.atomic():
        for eraser in erasers:
            eraser(user)
        exports = [name for name in user.data_requests.values_list("file", flat=True) if name]
        for label in _CREDENTIALS:
            apps.get_model(label).objects.filter(user=user).delete()
        user.email, user.name = f"deleted-{user.pk}@deleted.invalid", "Deleted user"
        user.first_name = user.last_name = ""
        user.is_active, user.email_verified_at = False, None
        user.set_unusable_password()
        user.save()
        request.status, request.finished_at = DataRequest.Status.DONE, timezone.now()
        request.save()
        record("account.deleted", subject=user)
    for name in exports:
        default_storage.delete(name)


def _request(user: User, kind: str, task: str) -> DataRequest:
    try:
        with transaction.atomic():
            request = DataRequest.objects.create(user=user, kind=kind)
            record(f"data.{kind}_requested", actor=user)
            if kind == DataRequest.Kind.DELETION:
                # From now on nobody is in; the rest may take the queue a while.
                User.objects.filter(pk=user.pk).update(is_active=False)
                end_other_sessions(user=user)
            enqueue(task, str(request.pk))
    except IntegrityError as error:
        raise DomainError("already_requested", "This is being prepared already") from error
    return request


def _owned_rows(user: User) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every row of every table that names the user, by table and column."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if field.is_relation and field.related_model is User and model is not LoginSession:
                rows = model._base_manager.filter(**{field.name: user})
                yield f"{model._meta.label}.{field.name}", [_plain(row) for row in rows.order_by("pk")]


def _plain(row: models.Model) -> dict[str, Any]:
    values = {field.attname: field.value_from_object(row) for field in row._meta.concrete_fields}
    simple = (str, int, float, bool, list, dict, type(None))
    return {
        name: value if isinstance(value, simple) or hasattr(value, "isoformat") else str(value)
        for name, value in values.items()
        if name not in _SECRETS
    }
