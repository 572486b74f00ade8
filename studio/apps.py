from django.apps import AppConfig


class StudioConfig(AppConfig):
    name = "studio"

    def ready(self) -> None:
        from django.conf import settings

        from studio.rendering.media import ffmpeg, sandbox

        ffmpeg.configure(
            binary=settings.FFMPEG_BINARY or None,
            use_nvenc=settings.FFMPEG_USE_NVENC,
            # Before the whole attempt counts as hung.
            idle_seconds=min(60.0, settings.RENDER_STALL_SECONDS / 2),
        )
        sandbox.configure(helpers=settings.MEDIA_HELPERS)
