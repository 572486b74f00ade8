"""Renders steered while they run."""

from __future__ import annotations

from config.api.documentation import Operation

TAGS = {
    "Steering": "An animation steered while it renders: take the controls, give commands, see what each frame was made "
    "with, and render the session again, frame for frame.",
}

_TOKEN = "c29tZSB0b2tlbg"

OPERATIONS = [
    Operation(
        "GET /api/steering",
        "Steering",
        "List what can be steered",
        "Every parameter with its range, step, unit and modes, the kinds of commands, and the timing curves. `replace` "
        "takes the place of the schedule, `add` is added to it, `schedule` leaves it alone.",
    ),
    Operation(
        "GET /api/video-jobs/{job_id}/steering",
        "Steering",
        "Get a render as its console shows it",
        "State, the newest frame, live values and what they are on their way to, the prompt, and who has the controls: "
        "all that a page needs when it comes or comes back. For its owner, and for administrators.",
    ),
    Operation(
        "POST /api/video-jobs/{job_id}/control",
        "Steering",
        "Take, keep or leave the controls",
        "One page steers, and any number watch. `take` answers the token that commands are sent with; it is good for "
        "a while after it was last used, and `renew` keeps it. `release` leaves the controls to whoever comes, "
        "`hand_over` to one person. `force` lets the owner take them from another page.",
        codes="not_controller control_held control_lost job_finished not_steerable",
        request={"action": "take"},
    ),
    Operation(
        "POST /api/video-jobs/{job_id}/commands",
        "Steering",
        "Give a command",
        "Numbered upwards, and applied at the next frame that is diffused. The same number with the same command "
        "answers what is stored. `extend` holds the price of the new frames; `stop` completes the film with the frames "
        "that are done, and only those are paid.",
        codes="not_controller control_lost job_finished stale_number not_steerable too_many_commands "
        "insufficient_credits price_out_of_range prompt_refused",
        request={"number": 8, "kind": "set", "token": _TOKEN, "values": {"zoom": {"value": 0.02, "mode": "add"}}},
        answer={
            "number": 8,
            "kind": "set",
            "body": {"values": {"zoom": {"value": 0.02, "mode": "add"}}},
            "state": "waiting",
        },
    ),
    Operation(
        "GET /api/video-jobs/{job_id}/commands",
        "Steering",
        "List commands",
        "In order, with the frame at which each took effect, or why nothing came of it.",
    ),
    Operation(
        "GET /api/video-jobs/{job_id}/frames",
        "Steering",
        "List what frames were made with",
        "Every value of each frame, while the film is made and afterwards, with a link to a small picture.",
        codes="service_unavailable",
    ),
    Operation(
        "GET /api/video-jobs/{job_id}/frames/{frame}",
        "Steering",
        "Get a small picture of a frame",
        "A JPEG of at most 96 pixels; 404 when there is none, or none any more.",
    ),
    Operation(
        "GET /api/video-jobs/{job_id}/record",
        "Steering",
        "Export the session",
        "A Deforum settings file of the frames so far. Rendered with the same model, it gives the same frames.",
        codes="not_steerable nothing_recorded service_unavailable",
    ),
]
