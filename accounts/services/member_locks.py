"""The members of a tenant, locked together: who judges by the others' roles sees them stand still."""

from __future__ import annotations

from accounts.models import User
from accounts.services.authority import check_authority
from config.api.errors import DomainError, Forbidden, NotFound


def lock_members(tenant_id: int) -> dict[int, User]:
    """The active members by key, as they are now, until the transaction ends."""
    # No key: rows that name a member are still written meanwhile.
    members = User.objects.select_for_update(of=("self",), no_key=True).filter(tenant_id=tenant_id, is_active=True)
    return {member.pk: member for member in members.order_by("pk")}


def lock_member(owner: User, user_id: int) -> User:
    """A member, for an owner to change. Raises Forbidden, also for staff above the owner, and NotFound."""
    check_owner(owner)
    locked = lock_members(owner.tenant_id)
    if owner.pk not in locked:
        raise Forbidden("Only an owner of the workspace may do this", "owner_required")
    check_owner(locked[owner.pk])
    if user_id not in locked:
        raise NotFound("Member not found")
    member = locked[user_id]
    if member.is_staff:
        check_authority(locked[owner.pk], member)
    return member


def check_owner(user: User) -> None:
    if not user.is_tenant_owner:
        raise Forbidden("Only an owner of the workspace may do this", "owner_required")


def check_not_last_owner(member: User) -> None:
    """Call with the members locked. Raises DomainError ``last_owner``."""
    if member.is_tenant_owner and not _other_owners(member, lock_members(member.tenant_id)):
        raise DomainError("last_owner", "A workspace keeps at least one owner")


def check_may_leave(user: User) -> None:
    """Whoever leaves others behind leaves them an owner. Locks them. Raises DomainError ``last_owner``."""
    members = lock_members(user.tenant_id)
    if set(members) - {user.pk} and not _other_owners(user, members):
        raise DomainError("last_owner", "Make another member an owner first")


def _other_owners(user: User, members: dict[int, User]) -> list[User]:
    return [member for member in members.values() if member.is_tenant_owner and member.pk != user.pk]
