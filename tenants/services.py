"""Tenant verbs."""

from __future__ import annotations

import secrets
import zlib

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from tenants.models import Tenant

# Host names that the product itself answers on.
RESERVED_SLUGS = frozenset({"www", "api", "admin", "mail", "static", "media", "app"})


def create_tenant(*, name: str) -> Tenant:
    """A new tenant with a domain of its own, ``{slug}.{BASE_DOMAIN}``; a taken slug gets a random ending."""
    base = (slugify(name) or "studio")[:50].strip("-") or "studio"
    pool = settings.TENANT_DB_POOLS[zlib.crc32(base.encode()) % len(settings.TENANT_DB_POOLS)]
    slug = base if base not in RESERVED_SLUGS else f"{base}-{secrets.token_hex(3)}"
    while True:
        try:
            with transaction.atomic():
                return Tenant.objects.create(
                    name=name, slug=slug, domain=f"{slug}.{settings.BASE_DOMAIN}", db_pool=pool
                )
        except IntegrityError:
            slug = f"{base}-{secrets.token_hex(3)}"


def foreign_tenant_of_host(host: str, tenant_id: int | None) -> bool:
    """Whether the host name is the domain of a tenant other than this one."""
    # A name with a dot at its end is the same name.
    name = host.split(":")[0].lower().rstrip(".")
    if not name.endswith(f".{settings.BASE_DOMAIN}"):
        return False
    return Tenant.objects.filter(domain=name).exclude(pk=tenant_id or 0).exists()


def forget_tenant(tenant: Tenant) -> None:
    """Name and address of a tenant that nobody is left in: both may tell whose it was."""
    slug = f"deleted-{secrets.token_hex(8)}"
    tenant.name, tenant.slug, tenant.domain = "Deleted", slug, f"{slug}.{settings.BASE_DOMAIN}"
    tenant.save(update_fields=["name", "slug", "domain"])
