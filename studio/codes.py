"""The error codes of renders, videos and files."""

from config.api.codes import Code

CODES = {
    "length_required": Code(411, "Content-Length is required."),
    "type_mismatch": Code(415, "video/mp4 was announced and this is video/webm."),
    "header_mismatch": Code(403, "Content-Type must be video/mp4."),
    "upload_url_invalid": Code(403, "This upload URL is forged or has expired."),
    "upload_finished": Code(409, "This file has been uploaded and verified."),
    "prompt_refused": Code(422, "This prompt says what is not allowed here."),
    "video_busy": Code(422, "This video is being rendered."),
    "source_missing": Code(422, "The source file is no longer stored here."),
    "source_damaged": Code(422, "The file is incomplete: its end is missing. Upload it again."),
    "too_many_jobs": Code(422, "You have 5 renders waiting or running already."),
    "already_finished": Code(422, "This video is finished; generate a new preview first."),
    "not_retryable": Code(422, "Only a failed or cancelled render can be tried again."),
    "price_out_of_range": Code(422, "This would cost 3000000000 credits; a render may cost at most 2147483647."),
    "not_steerable": Code(422, "Only animations that are rendered here can be steered."),
    "nothing_recorded": Code(422, "No frame of this render is on record."),
    "too_many_commands": Code(422, "500 commands wait for this render; at most 500 may."),
    "not_controller": Code(403, "Take the controls of this render first"),
    "control_held": Code(409, "Ada is steering this render."),
    "control_lost": Code(409, "You no longer have the controls of this render."),
    "not_waiting": Code(409, "This render is running already; only one that waits has a place."),
    "job_finished": Code(409, "This render is completed."),
    "stale_number": Code(409, "Commands up to 7 have been given; number this one higher."),
    "file_not_uploaded": Code(422, "The file has not been uploaded."),
    "file_rejected": Code(422, "The file is no video."),
    "too_many_uploads": Code(
        422, "You have announced 20 uploads that are not used yet; at most 20 are allowed at a time."
    ),
    "storage_full": Code(422, "Your storage is full."),
    "model_unusable": Code(422, "Watercolour can't be used: the model is missing."),
    "media_busy": Code(503, "Too many files are being looked at right now; try again in a moment."),
}
