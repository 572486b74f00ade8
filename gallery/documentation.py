"""The gallery's operations in words."""

from __future__ import annotations

from config.api.documentation import Operation

TAGS = {"Gallery": "What people have published. Everybody may look; likes, reports and remixes need an account."}

OPERATIONS = [
    Operation("GET /api/gallery", "Gallery", "List the gallery", "The newest first, unless `order` says otherwise."),
    Operation(
        "GET /api/gallery/{item_id}",
        "Gallery",
        "Get a published video",
        "With its author, effect, views and likes. Counts as a view, once an hour for a person.",
    ),
    Operation("POST /api/gallery/{item_id}/like", "Gallery", "Like a video", "Once for a person, however often sent."),
    Operation("DELETE /api/gallery/{item_id}/like", "Gallery", "Take a like back", "Harmless where there is none."),
    Operation(
        "POST /api/gallery/{item_id}/report",
        "Gallery",
        "Report a video",
        "Tells the moderators. A second report of the same person replaces the first.",
    ),
    Operation(
        "POST /api/gallery/{item_id}/remix",
        "Gallery",
        "Get the settings of a video",
        "What to send to make one like it: to `POST /api/ai-jobs` where it has an effect, else to `POST "
        "/api/generate`.",
        codes="effect_gone prompt_refused",
    ),
    Operation(
        "POST /api/videos/{video_id}/publish",
        "Videos",
        "Publish a video",
        "Shows a completed video in the gallery. Harmless when it is there already.",
        codes="not_owner not_completed removed_by_moderators switched_off",
    ),
    Operation(
        "POST /api/videos/{video_id}/unpublish",
        "Videos",
        "Take a video out of the gallery",
        "Harmless when it is not there.",
        codes="not_owner",
    ),
]

EXAMPLES: dict[str, object] = {
    "author": "Ada",
    "views": 120,
    "likes": 8,
    "liked": True,
    "details": "",
    "GalleryItem.title": "Harbour at dawn",
    "GalleryDetail.title": "Harbour at dawn",
    "Remix.type": "video_transform",
    "Remix.parameters": {},
    "Remix.input_payload": {"prompt": "a harbour at dawn"},
}
