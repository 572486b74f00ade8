from django.apps import AppConfig


class StudioConfig(AppConfig):
    name = "studio"

    def ready(self) -> None:
        from django.conf import settings

        from studio.rendering.media import ffmpeg

        ffmpeg.configure(binary=settings.FFMPEG_BINARY or None)
