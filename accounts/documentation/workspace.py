"""The workspace and its members."""

from __future__ import annotations

from config.api.documentation import Operation

TAGS = {"Workspace": "What you share with your colleagues. Owners invite, change and remove members."}

OPERATIONS = [
    Operation("GET /api/tenant", "Workspace", "Get the own workspace", "Its name, its domain, and your part in it."),
    Operation("PATCH /api/tenant", "Workspace", "Rename the workspace", "For owners."),
    Operation("GET /api/tenant/members", "Workspace", "List the members", "Everybody in your workspace."),
    Operation(
        "PATCH /api/tenant/members/{user_id}",
        "Workspace",
        "Change a member's part",
        "Makes a member an owner, or an owner a member. For owners; one always remains.",
        codes="last_owner owner_required",
        request={"role": "owner"},
    ),
    Operation(
        "DELETE /api/tenant/members/{user_id}",
        "Workspace",
        "Remove a member",
        "Ends the member's access; what they made stays. For owners; one always remains.",
        codes="last_owner owner_required",
    ),
    Operation(
        "GET /api/tenant/invitations",
        "Workspace",
        "List the open invitations",
        "Who has been invited and has not come yet. For owners.",
    ),
    Operation(
        "POST /api/tenant/invitations",
        "Workspace",
        "Invite somebody",
        "Mails a link with which the invited person makes an account in your workspace. For owners.",
        codes="owner_required too_many_invitations",
    ),
    Operation(
        "DELETE /api/tenant/invitations/{invitation_id}",
        "Workspace",
        "Withdraw an invitation",
        "Its link stops working. For owners.",
        codes="owner_required",
    ),
    Operation(
        "POST /api/tenant/invitations/accept",
        "Workspace",
        "Accept an invitation",
        "With the token from the mail: makes an account in that workspace and logs it in.",
        request={"name": "Grace"},
    ),
]
