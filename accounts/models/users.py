"""Users, their roles and their sessions."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Permission
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property

from config.platform.words import WordsIndex
from tenants.models import Tenant


def normalise_email(email: str) -> str:
    """The one spelling of an address: NFKC (look-alike full-width letters fold) and lower case."""
    return unicodedata.normalize("NFKC", email).strip().lower()


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=normalise_email(username or ""))

    def create_user(
        self, *, email: str, password: str | None, tenant: Tenant, name: str, hashed: str = "", **fields: object
    ) -> User:
        """A user with this password; without one, none works. hashed: of the password, by whoever is in a transaction,
        in which nobody hashes.
        """
        user = self.model(email=normalise_email(email), tenant=tenant, name=name, **fields)
        if hashed:
            user.password = hashed
        else:
            user.set_password(password)
        user.save(using=self._db, force_insert=True)
        return user


class User(AbstractBaseUser):
    """A person. Logs in by e-mail, belongs to one tenant; the role says what the person may do as staff."""

    class Role(models.IntegerChoices):
        USER = 0, "user"
        ADMINISTRATOR = 1, "administrator"
        SUPER_ADMINISTRATOR = 2, "super administrator"

    class TenantRole(models.TextChoices):
        OWNER = "owner", "owner"
        MEMBER = "member", "member"

    email = models.EmailField(max_length=255, unique=True)
    name = models.CharField(max_length=255)
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    role = models.PositiveSmallIntegerField(choices=Role.choices, default=Role.USER)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="members")
    tenant_role = models.CharField(max_length=8, choices=TenantRole.choices, default=TenantRole.OWNER)
    groups = models.ManyToManyField(
        "auth.Group", blank=True, related_name="+",
        help_text="Of the staff: what the person may do in the staff panel. An administrator needs none.",
    )  # fmt: skip
    is_active = models.BooleanField(default=True)
    blocked_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When staff blocked the account; empty for one that ended."
    )
    email_verified_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[UserManager] = UserManager()

    acted: object = None
    """What acting as somebody was just opened with, for the page that asked; no column."""

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ("id",)
        indexes = (
            # What staff search by, and whom they look for most.
            WordsIndex("email", "name", "first_name", "last_name", name="user_words"),
            models.Index(fields=("role", "-id"), condition=models.Q(role__gt=0), name="user_staff"),
        )
        constraints = (models.UniqueConstraint(Lower("email"), name="user_email_unique"),)

    def __str__(self) -> str:
        return self.email

    def check_password(self, raw_password: str | None) -> bool:
        """Whether it is this one. A hash of former parameters is made anew, unless the password changed meanwhile."""

        def upgrade(raw: str) -> None:
            former, hashed = self.password, make_password(raw)
            row = User.objects.filter(pk=self.pk)
            if row.filter(password=former).update(password=hashed):
                self.password = hashed
                return
            # Somebody who signs in at the same time may have made it anew: then it is the same password still.
            present = row.values_list("password", flat=True).first()
            if present and check_password(raw, present):
                self.password = present

        return check_password(raw_password, self.password, upgrade)

    def get_session_auth_hash(self) -> str:
        """A new password or address ends the sessions of the staff's site, but the one that asked for it."""
        return self._session_auth_hash(settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for former in settings.SECRET_KEY_FALLBACKS:
            yield self._session_auth_hash(former)

    def _session_auth_hash(self, secret: str) -> str:
        words = f"{self.password}\0{self.email}"
        return salted_hmac("accounts.User.session", words, secret=secret, algorithm="sha256").hexdigest()

    @property
    def is_staff(self) -> bool:
        """Who may log in to the Django admin."""
        return self.has_staff_role or bool(self.group_names)

    @property
    def has_staff_role(self) -> bool:
        """Whether the person is an administrator, by the API's word too."""
        return self.role >= self.Role.ADMINISTRATOR

    @property
    def is_administrator(self) -> bool:
        """Who has the rights of staff everywhere."""
        return self.has_staff_role and not self.lacks_second_factor

    @cached_property
    def group_names(self) -> frozenset[str]:
        """Of the staff's groups (``accounts.staff.groups``). Looked up once per request."""
        return frozenset(self.groups.values_list("name", flat=True)) if self.pk else frozenset()

    @property
    def is_owner(self) -> bool:
        """Who may do everything in the staff panel."""
        return self.is_superuser or "owner" in self.group_names

    @property
    def is_superuser(self) -> bool:
        return self.role == self.Role.SUPER_ADMINISTRATOR

    @property
    def has_second_factor(self) -> bool:
        """Whether logging in takes more than the password: there is an authenticator app, or a passkey."""
        # The rows of allauth.mfa.
        return self.authenticator_set.filter(type__in=("totp", "webauthn")).exists()  # type: ignore[attr-defined]

    @cached_property
    def lacks_second_factor(self) -> bool:
        """Whether the rights of staff wait for a second factor that is not set up. Looked up once per request."""
        return settings.STAFF_SECOND_FACTOR == "required" and not self.has_second_factor

    @property
    def is_tenant_owner(self) -> bool:
        return self.tenant_role == self.TenantRole.OWNER

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        """Administrators see, add and change; deleting, and changing who is an administrator, takes a super one.

        Others of the staff may do what their groups may.
        """
        if not self.is_active or not self.is_staff or self.lacks_second_factor:
            return False
        if self.has_staff_role:
            return self.is_superuser or ".delete_" not in perm
        return perm in self._granted

    @cached_property
    def _granted(self) -> frozenset[str]:
        """Permissions of the groups, as ``app.codename``."""
        rows = Permission.objects.filter(group__in=self.groups.all()).values_list("content_type__app_label", "codename")
        return frozenset(f"{app}.{codename}" for app, codename in rows)

    def has_perms(self, perms: list[str], obj: models.Model | None = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perms)

    def has_module_perms(self, app_label: str) -> bool:
        if not self.is_active or self.lacks_second_factor:
            return False
        return self.has_staff_role or any(perm.startswith(f"{app_label}.") for perm in self._granted)


class LoginSessionQuerySet(models.QuerySet["LoginSession"]):
    def alive(self) -> LoginSessionQuerySet:
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())

    def revoke(self) -> int:
        """End these sessions: their access tokens are refused from now on."""
        return self.filter(revoked_at=None).update(revoked_at=timezone.now())


class LoginSession(models.Model):
    """One login of a user on one device. Every token names its session; a revoked session kills them all at once.

    ``refresh_jti`` is the refresh token that works: using it rotates it at ``rotated_at``. ``former_jtis`` are those
    that did so some seconds ago, and when: a second tab, or a client that lost the answer, gets the present tokens
    once more. Using an older one means that it was stolen, so the session ends.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="login_sessions", db_index=False)
    refresh_jti = models.CharField(max_length=64)
    rotated_at = models.DateTimeField(default=timezone.now)
    former_jtis: models.JSONField[object] = models.JSONField(default=dict)
    """Token -> seconds since 1970."""
    user_agent = models.CharField(max_length=255, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    acted_by = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, related_name="+", db_index=False,
        help_text="Who of the staff acts as the user in it.",
    )  # fmt: skip

    objects = LoginSessionQuerySet.as_manager()

    access_expires_at = 0.0
    """Of the access token that the current request came with, in seconds since 1970; no column."""

    class Meta:
        ordering = ("-last_seen_at",)
        indexes = (
            models.Index(fields=("user", "-created_at"), name="loginsession_newest"),
            models.Index(fields=("acted_by",), condition=models.Q(acted_by__gt=0), name="loginsession_acted"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} from {self.address or 'unknown'}"

    def is_alive(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now
