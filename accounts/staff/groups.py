"""The groups of the staff, and what each may do in the staff panel.

A permission on a model is Django's: ``view`` shows its rows, ``change`` lets act on them by the verbs that its page
offers; ours, on every model that has a page, is ``export``: its list as a file. Administrators need no group
(``User.has_perm``).
"""

from __future__ import annotations

from typing import Final

from django.apps import AppConfig, apps
from django.contrib import admin
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType

OWNER: Final = "owner"

GROUPS: Final[dict[str, str]] = {
    "support": """
        view accounts.user accounts.loginsession accounts.auditentry tenants.tenant
        view commerce.wallet commerce.financeoperation commerce.order commerce.invoice commerce.payment
        view studio.renderjob studio.video studio.mediafile gallery.galleryitem effects.effect effects.category
        view change support.supportrequest
        view add change support.cannedanswer
        change accounts.user
        export support.supportrequest support.cannedanswer
    """,
    "finance": """
        view accounts.user tenants.tenant accounts.auditentry
        view commerce.wallet commerce.credithold commerce.invoice commerce.payment commerce.paymentevent
        view change commerce.financeoperation commerce.order
        view add change commerce.promocode commerce.product commerce.wallettype
        change commerce.wallet
        export commerce.wallet commerce.credithold commerce.invoice commerce.payment commerce.paymentevent
        export commerce.financeoperation commerce.order commerce.promocode commerce.product commerce.wallettype
    """,
    "moderation": """
        view accounts.user studio.video studio.mediafile studio.renderjob
        view change gallery.galleryitem gallery.galleryreport
        view add change studio.blockedphrase
        export gallery.galleryitem gallery.galleryreport studio.blockedphrase
    """,
    "operations": """
        view accounts.user tenants.tenant api.idempotencyrecord
        view change studio.renderjob
        view studio.video studio.mediafile
        view change tenants.runtimechange
        view studio.cataloguetask
        view add change studio.modelfile studio.preset effects.effect effects.category
        export studio.renderjob studio.video studio.mediafile studio.cataloguetask studio.modelfile studio.preset
        export effects.effect effects.category
    """,
}
"""Lines of verbs, then models. Users and the audit log as files are for owners and administrators."""


def granted(group: str) -> set[tuple[str, str]]:
    """(app label, codename) of each permission that the group has by the table."""
    found = set()
    for line in GROUPS[group].strip().splitlines():
        words = line.split()
        verbs = [word for word in words if "." not in word]
        models = [word.split(".") for word in words if "." in word]
        found |= {(app, f"{verb}_{model}") for verb in verbs for app, model in models}
    return found


def make_groups(app_config: AppConfig, using: str, **_: object) -> None:
    """Give the groups exactly what the table says, once all apps have their permissions (after ``migrate``)."""
    if app_config is not [config for config in apps.get_app_configs() if config.models_module][-1]:
        return
    # Django's own receiver may come after this one.
    create_permissions(app_config, verbosity=0, using=using)
    _make_export_permissions(using)
    permissions = {
        (row.content_type.app_label, row.codename): row
        for row in Permission.objects.using(using).select_related("content_type")
    }
    for name in (*GROUPS, OWNER):
        group, _made = Group.objects.using(using).get_or_create(name=name)
        wanted = set(permissions) if name == OWNER else granted(name)
        group.permissions.set([permissions[key] for key in sorted(wanted)])


def _make_export_permissions(using: str) -> None:
    """Of every model that the panel has a page of: Django makes those alone that a model names."""
    listed = [model for model in admin.site._registry if model._meta.managed]
    types = ContentType.objects.db_manager(using).get_for_models(*listed)
    Permission.objects.using(using).bulk_create(
        [
            Permission(
                content_type=types[model],
                codename=f"export_{model._meta.model_name}",
                name=f"Can export {model._meta.verbose_name_plural}",
            )
            for model in listed
        ],
        ignore_conflicts=True,
    )
