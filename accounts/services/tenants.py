"""Staff make workspaces, and change what a workspace is called and where it is found."""

from __future__ import annotations

import re

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.services.audit import record
from config.api.errors import Conflict, ValidationFailed
from config.api.why import check_reason
from tenants.models import Tenant
from tenants.services import RESERVED_SLUGS, create_tenant

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def make_tenant(*, staff: User, name: str) -> Tenant:
    """A workspace that nobody is in yet, at an address of its own."""
    tenant = create_tenant(name=_checked_name(name))
    record("tenant.made", actor=staff, tenant=tenant.pk, name=tenant.name)
    return tenant


def rename_tenant(*, staff: User, tenant: Tenant, name: str, reason: str, seen: str) -> Tenant:
    """Raises ValidationFailed, and Conflict where the name is not what whoever asks has ``seen``."""
    name, reason = _checked_name(name), check_reason(reason)
    with transaction.atomic():
        found = Tenant.objects.select_for_update().get(pk=tenant.pk)
        if found.name != seen:
            raise Conflict(f"Somebody else has called it {found.name} meanwhile.")
        found.name = name
        found.save(update_fields=["name"])
        record("tenant.renamed", actor=staff, tenant=found.pk, before=seen, after=name, reason=reason)
    return found


def move_tenant(*, staff: User, tenant: Tenant, slug: str, reason: str, seen: str) -> Tenant:
    """To another address, ``{slug}.{BASE_DOMAIN}``; the former one is free for others at once.

    Raises ValidationFailed, and Conflict where the slug is not what whoever asks has ``seen``.
    """
    reason = check_reason(reason)
    if not _SLUG.fullmatch(slug) or slug in RESERVED_SLUGS:
        raise ValidationFailed({"slug": ["Small letters, digits and -, as in a host name, and none of our own names."]})
    domain = f"{slug}.{settings.BASE_DOMAIN}"
    try:
        with transaction.atomic():
            found = Tenant.objects.select_for_update().get(pk=tenant.pk)
            if found.slug != seen:
                raise Conflict(f"Somebody else has moved it to {found.domain} meanwhile.")
            found.slug, found.domain = slug, domain
            found.save(update_fields=["slug", "domain"])
            record("tenant.moved", actor=staff, tenant=found.pk, before=seen, after=slug, reason=reason)
    except IntegrityError as error:
        raise ValidationFailed({"slug": ["Another workspace has this address."]}) from error
    return found


def _checked_name(name: str) -> str:
    if not name.strip() or len(name) > 255:
        raise ValidationFailed({"name": ["A name of 1 to 255 characters."]})
    return name.strip()
