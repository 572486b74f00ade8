"""Effects applied to videos."""

from __future__ import annotations

from config.api.documentation import Operation

TAGS = {"Effect renders": "Apply an effect of the catalogue at its price: estimate, submit, follow, cancel."}

OPERATIONS = [
    Operation(
        "POST /api/ai-jobs",
        "Effect renders",
        "Apply an effect",
        "To a video, to an uploaded file, or, for an animation, to nothing. The price is the effect's, held now and "
        "taken when it is done. The key makes it happen once, however often it is sent.",
        codes="not_found not_owner video_busy too_many_jobs insufficient_credits storage_full file_not_uploaded "
        "file_rejected source_missing source_damaged media_busy price_out_of_range prompt_refused switched_off",
        request={
            "effect_id": 7,
            "input_file_id": 42,
            "input_payload": {"prompt": "a harbour at dawn"},
            "idempotency_key": "5f0c1f4e-7f2e-4d0a-9a53-3a4b1c1a2d11",
        },
    ),
    Operation(
        "POST /api/ai-jobs/estimate",
        "Effect renders",
        "Estimate an effect",
        "What it would cost and whether you could pay it now. Refuses what the render itself would be refused for.",
        codes="not_found not_owner video_busy file_not_uploaded file_rejected source_missing source_damaged media_busy "
        "prompt_refused switched_off",
        request={"effect_id": 7, "input_file_id": 42},
    ),
    Operation("GET /api/ai-jobs", "Effect renders", "List the own renders", "All of them, previews included."),
    Operation(
        "GET /api/ai-jobs/{job_id}",
        "Effect renders",
        "Get a render",
        "State, progress, place in the queue, and the link to the result.",
        codes="not_owner",
    ),
    Operation(
        "POST /api/ai-jobs/{job_id}/cancel",
        "Effect renders",
        "Cancel a render",
        "Its credits are free again. A finished one stays what it is.",
        codes="not_owner",
    ),
]
