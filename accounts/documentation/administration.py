"""Users, as staff see them."""

from __future__ import annotations

from config.api.documentation import Operation

TAGS = {"Administration: users": "For administrators. An administrator may not change another one; a super one may."}

OPERATIONS = [
    Operation(
        "GET /api/administration/users",
        "Administration: users",
        "List users with their figures",
        "Everybody, with the number of their videos and renders and the credits they can spend.",
    ),
    Operation(
        "PATCH /api/administration/admin-reset-user-password",
        "Administration: users",
        "Make a user choose a new password",
        "Mails the user a link and ends all of their sessions.",
        codes="not_found",
        request={"id": 42},
    ),
    Operation(
        "PATCH /api/administration/change-user-data",
        "Administration: users",
        "Change a user's name or address",
        "A new address has to be confirmed by its owner, whose sessions end. Your own takes `current_password` once "
        "signing in is 15 minutes ago.",
        codes="not_found reauthentication_required locked_out conflict",
        request={"id": 42, "login": "Ada L."},
    ),
    Operation(
        "PATCH /api/administration/change-password",
        "Administration: users",
        "Change the own password",
        "For everybody who knows the present one. The other sessions end.",
        codes="locked_out",
        request={
            "currentPassword": "a long harbour walk",
            "newPassword": "an even longer walk",
            "confirmNewPassword": "an even longer walk",
        },
    ),
    Operation("GET /api/admin/users", "Administration: users", "List users", "Everybody, by name, address or date."),
    Operation(
        "GET /api/admin/users/{user_id}",
        "Administration: users",
        "Get a user",
        "One account, of whatever workspace.",
    ),
]
