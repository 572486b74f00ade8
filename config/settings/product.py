"""What the studio sells and how it renders: limits, leases, models, previews."""

from config.settings.core import DATA_DIR
from config.settings.environment import env

SIGNUP_CREDITS = env.whole("SIGNUP_CREDITS", 50, least=0)
SIGNUP_CREDITS_PER_ADDRESS = env.whole("SIGNUP_CREDITS_PER_ADDRESS", 10, least=0)
"""So many new accounts of one address have them at once, in 30 days; the others once their mailbox is proven."""
# Staff change these, too, while it runs (`tenants/runtime.py`): what stands here is what they begin with.
REGISTRATION_OPEN = env.bool("REGISTRATION_OPEN", True)
UPLOADS_OPEN = env.bool("UPLOADS_OPEN", True)
RENDERS_OPEN = env.bool("RENDERS_OPEN", True)
GALLERY_OPEN = env.bool("GALLERY_OPEN", True)
RUNTIME_SETTINGS_SECONDS = env.number("RUNTIME_SETTINGS_SECONDS", 2.0, least=0)
"""A process notices a change of these after so long at most."""

MAX_ACTIVE_JOBS = env.whole("MAX_ACTIVE_JOBS", 5)

FFMPEG_BINARY = env.str("FFMPEG_BINARY", "")
"""Empty: the one that imageio-ffmpeg brings."""

RENDER_DEVICE = env.pattern("RENDER_DEVICE", "", r"([a-z]+(:[0-9]+)?)?", "cuda:1")
"""``cpu``, ``cuda``, ``cuda:1``; empty: CUDA when there is one."""
RENDER_PRECISION = env.word("RENDER_PRECISION", "auto", ("auto", "float32"))
"""What a CPU computes in. ``auto``: bfloat16 where the processor is measured to be faster in it."""
PRELOAD_RENDERER = env.bool("PRELOAD_RENDERER", False)
"""Whether workers load the whole renderer when they start: 150 MB more while idle, seconds less at the first render."""
MODEL_DIR = DATA_DIR / "models"
MODEL_CACHE_BYTES = env.whole("MODEL_CACHE_BYTES", 0, least=0)
"""Warm models kept by a worker; 0: half of the device's memory."""
# Where `fetch_model` downloads from; empty: the public hub, without a token.
HF_ENDPOINT = env.address("HF_ENDPOINT")
HF_TOKEN = env.str("HF_TOKEN", "")
FFMPEG_USE_NVENC = env.bool("FFMPEG_USE_NVENC", False)

# A worker that has not renewed its lease for this long is dead: the reaper gives its job to another.
LEASE_SECONDS = env.number("LEASE_SECONDS", 30.0)
REAP_INTERVAL_SECONDS = env.number("REAP_INTERVAL_SECONDS", 5.0)
MAX_ATTEMPTS = env.whole("MAX_ATTEMPTS", 3)
"""Attempts in a row without a new frame after which a render is given up."""
RENDER_STALL_SECONDS = env.number("RENDER_STALL_SECONDS", 900.0)
"""An attempt without a denoising step or frame for this long has hung. Longer than one step of a batch may take."""
RENDER_RETRY_SECONDS = env.number("RENDER_RETRY_SECONDS", 15.0, least=0)
"""How long a render waits after the disk was full, or the storage or another part did not answer."""

# A paused render keeps its worker for so long; then the worker takes other work until somebody resumes.
PAUSE_SECONDS = env.number("PAUSE_SECONDS", 20.0, least=0)
PAUSED_DAYS = env.number("PAUSED_DAYS", 7.0)
"""After so long a paused render is cancelled, and its credits are given back."""
TIMELINE_DAYS = env.number("TIMELINE_DAYS", 90.0, least=0)
"""For so long staff are told what became of a render, step by step."""
# Whoever steers a render and is not heard of for this long has lost the controls.
CONTROL_LEASE_SECONDS = env.number("CONTROL_LEASE_SECONDS", 30.0)

# Bounds a user can't pass, checked before anything is decoded.
MAX_ATTACHMENT_BYTES = env.whole("MAX_ATTACHMENT_BYTES", 200 * 1024**2)
MAX_SOUNDTRACK_BYTES = env.whole("MAX_SOUNDTRACK_BYTES", 50 * 1024**2)
# One presigned upload, and all files of a tenant together.
MAX_UPLOAD_BYTES = env.whole("MAX_UPLOAD_BYTES", 1024**3)
TENANT_STORAGE_BYTES = env.whole("TENANT_STORAGE_BYTES", 100 * 1024**3)
# Pixels of a frame of a video, and of a photo, which is scaled as it is decoded.
MAX_SOURCE_PIXELS = env.whole("MAX_SOURCE_PIXELS", 3840 * 2160)
MAX_STILL_PIXELS = env.whole("MAX_STILL_PIXELS", 100_000_000)
MAX_SOURCE_SECONDS = env.number("MAX_SOURCE_SECONDS", 600.0)
MAX_SOURCE_FRAMES = env.whole("MAX_SOURCE_FRAMES", 36_000)

# Files that one process has looked at at once, each by a helper process of up to 1 GiB and 10 seconds of a processor.
MEDIA_HELPERS = env.whole("MEDIA_HELPERS", 2)

# Above this a bucket takes an upload in parts, each small enough to be sent again; S3 wants parts of at least 5 MiB.
UPLOAD_PARTS_ABOVE_BYTES = env.whole("UPLOAD_PARTS_ABOVE_BYTES", 100 * 1024**2)
UPLOAD_PART_BYTES = env.whole("UPLOAD_PART_BYTES", 32 * 1024**2)
# How long a presigned upload may be sent to, and when one that nothing refers to is swept.
UPLOAD_URL_SECONDS = env.whole("UPLOAD_URL_SECONDS", 3600)
UPLOAD_KEEP_SECONDS = env.whole("UPLOAD_KEEP_SECONDS", 24 * 3600)
# Uploads that one person may have announced and not used yet.
MAX_OPEN_UPLOADS = env.whole("MAX_OPEN_UPLOADS", 20)
# Folders shared with an external encoder: tickets go into the first, finished files are found in all of them by
# `watch_output`. Without one there is no such encoder, and jobs that ask for it are refused.
WATCH_PATHS: list[str] = env.list("WATCH_PATHS", [])
