"""Videos and files."""

from __future__ import annotations

from config.api.documentation import Operation

TAGS = {
    "Videos": "What you have made, and what is to be made: rename, publish, delete.",
    "Files": "Uploads straight to the storage, announced first.",
}

OPERATIONS = [
    Operation("GET /api/videos", "Videos", "List the own videos", "Newest first, with links that work for a while."),
    Operation(
        "POST /api/videos",
        "Videos",
        "Make a video of a file and an effect",
        "To be rendered when asked, with `POST /api/ai-jobs`. `input_payload` sets the effect's properties.",
        codes="not_found not_owner file_not_uploaded file_rejected storage_full media_busy prompt_refused",
        request={"title": "Harbour at dawn", "input_payload": {"prompt": "a harbour at dawn"}},
    ),
    Operation("GET /api/videos/{video_id}", "Videos", "Get a video", "One of your own.", codes="not_owner"),
    Operation(
        "PATCH /api/videos/{video_id}",
        "Videos",
        "Rename a video",
        "Nothing but the title of a video can be changed.",
        codes="not_owner",
        request={"title": "Harbour at dusk"},
    ),
    Operation(
        "DELETE /api/videos/{video_id}",
        "Videos",
        "Delete a video",
        "A published one leaves the gallery, and a render under way is cancelled.",
        codes="not_owner",
    ),
    Operation(
        "POST /api/videos/uploads",
        "Files",
        "Announce an upload",
        "Says where to PUT the file, with which headers, and until when; a large file may be sent in parts. It is "
        "looked at when it is first referred to, or when `complete` asks for it.",
        codes="not_found insufficient_credits too_many_uploads storage_full switched_off",
    ),
    Operation(
        "GET /api/files/{file_id}",
        "Files",
        "Get a file",
        "One of your own: what it was found to be, or why it was refused.",
        codes="not_owner",
    ),
    Operation(
        "POST /api/files/{file_id}/complete",
        "Files",
        "Verify an upload",
        "Looks at the file now, instead of when it is first referred to.",
        codes="not_owner file_not_uploaded file_rejected storage_full media_busy",
    ),
]
