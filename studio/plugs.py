"""What the studio plugs into the hooks of others."""

from accounts.hooks import user_data, user_figures
from commerce.hooks import holds_compared
from commerce.models import RENDER
from config.health import plug_service
from studio.services import charges, figures, personal_data, probes

user_data.plug("studio", personal_data.HOLDER)
user_figures.plug("studio", figures.work_of)
holds_compared.plug(RENDER, charges.check_holds)
plug_service("workers", probes.workers_listen, seconds=1)
# A process, for a word that hardly ever changes.
plug_service("ffmpeg", probes.ffmpeg_runs, seconds=60)
