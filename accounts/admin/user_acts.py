"""What staff do with a user, each on a page of its own; the verbs are those of the services."""

from __future__ import annotations

from django import forms
from django.conf import settings

from accounts.models import User
from accounts.services import acting, block_user, by_staff, unblock_user
from accounts.services.authority import may_act_on
from accounts.services.blocking import has_ended
from config.staff_acts import Act, ReasonForm, Values

SERVE = "accounts.change_user"
DELETE = "accounts.delete_user"


class DeletionForm(ReasonForm):
    confirmation = forms.CharField(max_length=255, label="Address", help_text="Repeat the address of the account.")


def block(staff: User, user: User, values: Values) -> str:
    block_user(user=user, by=staff, reason=values["reason"])
    return f"{user} is blocked: sessions ended, renders cancelled."


def unblock(staff: User, user: User, values: Values) -> str:
    unblock_user(user=user, by=staff, reason=values["reason"])
    return f"{user} may sign in again."


def verify(staff: User, user: User, values: Values) -> str:
    by_staff.verify_by_staff(user=user, by=staff, reason=values["reason"])
    return f"The address of {user} is verified."


def reset(staff: User, user: User, values: Values) -> str:
    by_staff.reset_by_staff(user=user, by=staff, reason=values["reason"])
    return f"{user} is mailed a link for another password; all sessions ended."


def end_sessions(staff: User, user: User, values: Values) -> str:
    ended = by_staff.end_sessions_by_staff(user=user, by=staff, reason=values["reason"])
    return f"Sessions of {user} ended: {ended}."


def export(staff: User, user: User, values: Values) -> str:
    by_staff.export_for_user(user=user, by=staff, reason=values["reason"])
    return f"A copy of the data of {user} is being made; they are mailed where it lies."


def delete(staff: User, user: User, values: Values) -> str:
    by_staff.delete_by_staff(user=user, by=staff, reason=values["reason"], confirmation=values["confirmation"])
    return "The account has ended; what tells who it was is being removed."


def below(staff: User, user: User) -> bool:
    return staff.pk != user.pk and may_act_on(staff, user)


def active(staff: User, user: User) -> bool:
    return user.is_active and below(staff, user)


def blocked(staff: User, user: User) -> bool:
    return user.blocked_at is not None and below(staff, user) and not has_ended(user)


def unverified(staff: User, user: User) -> bool:
    return user.email_verified_at is None and active(staff, user)


def alive(staff: User, user: User) -> bool:
    return below(staff, user) and not has_ended(user)


def act(staff: User, user: User, values: Values) -> str:
    # The page hands it on once (``accounts.admin.users``); nobody else sees it.
    staff.acted = acting.act_as(user=user, by=staff, reason=values["reason"])
    return f"You act as {user} until {staff.acted.until:%H:%M} UTC."


def customer(staff: User, user: User) -> bool:
    return active(staff, user) and not user.is_staff


END_SESSIONS = Act(
    "end-sessions", "End sessions", SERVE, end_sessions, about="Logs the user out on every device.", possible=active
)
ACTS = (
    Act(
        "block", "Block", SERVE, block, possible=active, danger=True,
        about="Ends all sessions, cancels all renders and gives back the credits held for them.",
    ),
    Act("unblock", "Unblock", SERVE, unblock, possible=blocked, about="Lets the user sign in again."),
    Act("verify", "Verify address", SERVE, verify, possible=unverified, about="Takes the address as the user's own."),
    Act(
        "reset-password", "Reset password", SERVE, reset, possible=active,
        about="Mails the user a link for another password, and ends all sessions.",
    ),
    END_SESSIONS,
    Act(
        "act-as", "Act as", acting.PERMISSION, act, possible=customer,
        about=f"Gives you a token of the user's for {settings.ACT_AS_MINUTES} minutes, without money and credentials.",
    ),
    Act(
        "export-data", "Export data", SERVE, export, possible=active,
        about="Makes a copy of everything the user has here. The user alone is mailed where it lies.",
    ),
    Act(
        "delete-data", "Delete data", DELETE, delete, form=DeletionForm, possible=alive, danger=True,
        about="Ends the account at once, for good, and removes all that tells who it was.",
    ),
)  # fmt: skip
