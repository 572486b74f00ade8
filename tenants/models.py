"""Tenants, and the base of everything that belongs to one."""

from __future__ import annotations

from django.db import models

from config.platform.words import WordsIndex
from tenants.managers import TenantManager


class Tenant(models.Model):
    """A customer's own world: its members share videos, files and wallets, and nobody else sees them."""

    name = models.CharField(max_length=255)
    slug = models.SlugField(max_length=63, unique=True)
    domain = models.CharField(max_length=255, unique=True, help_text="Host name under which only its members come in.")
    db_pool = models.CharField(max_length=64, help_text="Name of the database pool that holds its rows.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        indexes = (WordsIndex("name", "domain", name="tenant_words"),)

    def __str__(self) -> str:
        return self.domain


class TenantModel(models.Model):
    """A tenant-owned row. Put ``tenant`` first in composite indices: every query filters by it."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")

    objects = TenantManager()

    class Meta:
        abstract = True


def is_tenant_model(model: type[models.Model]) -> bool:
    """Whether row-level security applies to the model's table."""
    return issubclass(model, TenantModel) and not model._meta.abstract and not model._meta.proxy


class RuntimeChange(models.Model):
    """One change of a setting that may be changed while the product runs; the newest of a name is in force."""

    name = models.CharField(max_length=64)
    number = models.PositiveIntegerField(help_text="Of the changes of this name: of two at once, one comes too late.")
    before: models.JSONField[object] = models.JSONField(null=True, help_text="Empty: the default.")
    after: models.JSONField[object] = models.JSONField(null=True, help_text="Empty: the default again.")
    reason = models.CharField(max_length=500)
    # Users build on tenants; who they are, the audit log tells.
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "runtime setting"
        constraints = (models.UniqueConstraint(fields=("name", "number"), name="runtimechange_number"),)

    def __str__(self) -> str:
        return f"{self.name} {self.number}"
