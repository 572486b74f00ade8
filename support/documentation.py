"""The operations of support in words."""

from __future__ import annotations

from config.api.documentation import Operation

TAGS = {
    "Support": "Questions to the staff, and their answers.",
    "Administration: support": "For administrators: everybody's questions.",
}

OPERATIONS = [
    Operation(
        "POST /api/support-request",
        "Support",
        "Ask the staff",
        "Without a login an `email` is needed, to which the link to follow the request is mailed; order, video and "
        "attachments need a login.",
        codes="not_found not_owner file_not_uploaded file_rejected media_busy",
        request={"subject": 5, "orderId": 42},
    ),
    Operation(
        "POST /api/support-requests",
        "Support",
        "Search the own requests",
        "Newest first. Criteria and page stand in the body or in the query.",
        request={"statusId": 1, "page": 1, "perPage": 20},
    ),
    Operation("GET /api/support-request/{request_id}", "Support", "Get a request", "One of your own; any for staff."),
    Operation(
        "GET /api/support-request-messages/{request_id}",
        "Support",
        "List a request's messages",
        "What you and the staff wrote, oldest first.",
    ),
    Operation(
        "POST /api/send-support-request-message",
        "Support",
        "Write about a request",
        "Your message opens a closed request again; staff have to open it first.",
        codes="not_found not_owner request_closed file_not_uploaded file_rejected media_busy",
    ),
    Operation(
        "PATCH /api/support-request/status-update",
        "Support",
        "Change a request's status",
        "You may close your own. Staff set any status that can follow the present one.",
        codes="not_found forbidden already_closed invalid_transition",
        request={"requestId": 42, "requestStatusId": 2},
    ),
    Operation(
        "POST /api/administration/support-requests",
        "Administration: support",
        "Search everybody's requests",
        "Newest first, with who answers them and how soon the first answer came.",
        request={"statusId": 1, "assigneeId": 1, "search": "ada"},
    ),
]

EXAMPLES: dict[str, object] = {
    "text": "My order is paid, and the credits are not there.",
    "SupportLabel.id": 1,
    "SupportLabel.label": "Open",
    "SupportAttachment.name": "clip.mp4",
    "attachmentIds": [],
    "attachments": [],
    "fromStaff": False,
    "firstResponseSeconds": 840.0,
}
