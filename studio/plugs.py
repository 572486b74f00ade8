"""What the studio plugs into the hooks of others."""

from accounts.hooks import Belongings, user_belongings, user_blocked, user_data, user_figures
from commerce.hooks import holds_compared
from commerce.models import RENDER
from config.platform.health import plug_service
from config.platform.hooks import every_hour, every_pass
from config.platform.streams import no_longer_followed
from effects.hooks import render_models, renderers
from studio.hooks import render_providers
from studio.providers.external import Encoder
from studio.requests.templates import TemplateVocabulary
from studio.services import personal_data, probes
from studio.services.catalogue import models
from studio.services.files import blobs, orphans, presigned
from studio.services.files import figures as file_figures
from studio.services.jobs import charges, figures, timeline, watching
from studio.services.jobs import lifecycle as jobs
from studio.services.steering import records
from tenants.runtime import SWITCH, RuntimeSetting, runtime_settings

user_data.plug("studio", personal_data.HOLDER)
user_figures.plug("studio", figures.work_of)
user_belongings.plug("studio.video", Belongings("owner", ("title", "type", "status", "created_at")))
user_belongings.plug(
    "studio.renderjob", Belongings("owner", ("purpose", "status", "progress", "error_code", "queued_at"))
)
user_blocked.plug("studio", jobs.cancel_all_of)
holds_compared.plug(RENDER, charges.check_holds)
renderers.plug("studio", TemplateVocabulary())
render_models.plug("studio", models.model_names)
no_longer_followed.plug("renders", watching.no_longer_watched)
render_providers.plug("external", Encoder())
plug_service("workers", probes.workers_listen, seconds=1)
# A process, for a word that hardly ever changes.
plug_service("ffmpeg", probes.ffmpeg_runs, seconds=60)

every_hour.plug("files counted", file_figures.count_stored)
every_pass.plug("renders", lambda: {what: count for what, count in jobs.reap().items() if count})
every_pass.plug("records of frames swept", records.sweep_records)
every_pass.plug("steps of old renders swept", timeline.sweep_events)
every_pass.plug("counters of the queue put right", jobs.check_counters)
every_pass.plug("work folders swept", jobs.sweep_work_dirs)
every_pass.plug("uploads swept", presigned.sweep_uploads)
every_pass.plug("folders of dead processes swept", blobs.sweep_scratch)
every_pass.plug("files that nothing refers to swept", orphans.sweep_orphans)
runtime_settings.plug(
    "UPLOADS_OPEN",
    RuntimeSetting(
        "Uploads",
        "New files, also those to be sent to a presigned address.",
        SWITCH,
        refusal="Uploads are closed for the moment.",
    ),
)
runtime_settings.plug(
    "RENDERS_OPEN",
    RuntimeSetting(
        "New renders",
        "Off for maintenance: what is queued or running goes on, nothing new is taken.",
        SWITCH,
        refusal="No new renders are taken at the moment, for maintenance; try again later.",
    ),
)
runtime_settings.plug(
    "MAX_ACTIVE_JOBS",
    RuntimeSetting("Active renders", "Waiting or running at once, of one user.", least=1, most=10_000),
)
runtime_settings.plug(
    "MAX_OPEN_UPLOADS", RuntimeSetting("Open uploads", "Announced and not used yet, of one user.", least=1, most=10_000)
)
runtime_settings.plug(
    "TENANT_STORAGE_BYTES", RuntimeSetting("Storage", "Bytes of all files of a workspace together.", most=2**50)
)
