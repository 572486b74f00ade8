"""Upload, preview, final, progress; models, presets and settings files; the state of the services."""

from __future__ import annotations

from config.api.documentation import Operation

TAGS = {
    "Renders": "From an upload to a finished video: upload, preview (`generate`), approve (`finalize`), follow, "
    "cancel.",
    "Models and presets": "What renders can be made with, and Deforum settings files.",
    "Service": "Whether the studio is well.",
}

_SUBMITTED = (
    "video_busy source_missing source_damaged media_busy too_many_jobs insufficient_credits price_out_of_range "
    "storage_full prompt_refused switched_off"
)
_STATUS = (
    "State and progress of a video's newest render, its settings, its place in the queue, and links to the newest "
    "frame, the preview and the finished video. For its owner, and for administrators."
)

OPERATIONS = [
    Operation(
        "POST /api/upload",
        "Renders",
        "Upload a source",
        "A video or a picture, and perhaps a soundtrack, as `multipart/form-data`. Files are judged by what they are "
        "and not by their name; one that can't be rendered is refused with the reason. Answers the `videoId` that "
        "everything else is asked with.",
        codes="storage_full media_busy switched_off",
        request={"type": "vid2vid"},
    ),
    Operation(
        "POST /api/generate",
        "Renders",
        "Render a preview",
        "The first frames (`frameCount`) of what the final will be. `vid2vid` needs a `videoId` and a `prompt`; "
        "`deforum` needs a prompt, a preset or schedules, and no upload. Every parameter and every schedule is checked "
        "at every frame before anything is queued, and the credits are held.",
        codes=f"not_found not_owner {_SUBMITTED}",
        request={"videoId": 42, "prompt": "a harbour at dawn, oil painting", "seed": 7, "frameCount": 3},
    ),
    Operation(
        "POST /api/finalize",
        "Renders",
        "Approve the preview and render all of it",
        "Goes on from the preview's frames with the preview's settings; what is sent besides `videoId` replaces one of "
        "them. The credits are held now and taken when it is done; what fails costs nothing.",
        codes=f"not_found not_owner already_finished {_SUBMITTED}",
        request={"videoId": 42},
    ),
    Operation(
        "POST /api/cancelJob/{video_id}",
        "Renders",
        "Cancel a video's render",
        "A running one stops at its next step, and its credits are free again. A finished one stays what it is.",
        codes="not_owner",
    ),
    Operation("GET /status/{video_id}", "Renders", "Get a render's progress", _STATUS, codes="not_owner"),
    Operation("GET /api/status/{video_id}", "Renders", "Get a render's progress", _STATUS, codes="not_owner"),
    Operation(
        "GET /api/queue",
        "Renders",
        "List the own videos with their renders",
        "All of your videos, newest first, each with its newest render.",
    ),
    Operation(
        "GET /api/video-jobs/processing/status",
        "Renders",
        "Get the own active renders",
        "What runs and what waits of yours, and how busy the studio is.",
    ),
    Operation(
        "GET /api/video-jobs/processing/queue",
        "Renders",
        "List the own active renders in order",
        "What runs and what waits of yours, in the order it is due, with position and time.",
    ),
    Operation(
        "GET /api/video-jobs/{job_id}/events",
        "Renders",
        "Follow what happens in a render",
        "Server-sent events: `snapshot` comes first and tells how the render stands, then `ready`, whose `live` tells "
        "whether the answer stays open or is to be asked for again. What follows is `state`, `progress`, `frame` (a "
        "new picture), `ack` (a command took effect, or was refused), `control` (who steers) and `rewind`. Go on from "
        "an event with its id as `Last-Event-ID` or `after`; `reset` means that events were missed. "
        "For the render's owner, and administrators.",
    ),
    Operation(
        "GET /api/v1/model-files",
        "Models and presets",
        "List the models",
        "What renders can be made with; `id` is the `modelId` of a render.",
    ),
    Operation(
        "GET /api/v1/presets",
        "Models and presets",
        "List the Deforum presets",
        "Those that come with the studio and your workspace's own; `slug` is the `preset` of a render.",
    ),
    Operation(
        "POST /api/v1/deforum-settings",
        "Models and presets",
        "Check a Deforum settings file",
        "Answers what would be rendered of it, to be sent as `schedules`, and the keys that are not known.",
        request={"settings": {"max_frames": 24, "zoom": "0: (1.02)", "prompts": {"0": "a harbour at dawn"}}},
        codes="prompt_refused",
    ),
    Operation(
        "POST /api/v1/schedules",
        "Models and presets",
        "Compute the numbers of schedules",
        "One number for each frame of every schedule, as a render would come to them. What can't be computed is named, "
        "with its frame.",
        request={"schedules": {"zoom": "0: (1), 2: (1.02)"}, "frames": 3},
        answer={"zoom": [1, 1.01, 1.02]},
    ),
    Operation(
        "GET /api/v1/deforum-settings/{video_id}",
        "Models and presets",
        "Get a render as a settings file",
        "The newest Deforum render of a video, as a file that Deforum itself reads.",
        codes="not_owner",
    ),
    Operation(
        "GET /api/status",
        "Service",
        "Get the state of all services",
        "503 when one that requests can't do without is down. Without workers it is still 200: renders wait.",
    ),
    Operation(
        "GET /api/status/{service}",
        "Service",
        "Get the state of a service",
        "`database`, `redis`, `storage`, `ffmpeg` or `workers`: 200 when it is up, 503 when it is down.",
    ),
    Operation(
        "GET /api/csrf-token",
        "Service",
        "Get a CSRF token",
        "For pages with forms and a session cookie. Requests with a bearer token need none.",
    ),
]
