"""Every way a render can refuse or fail, in words a user understands.

Each error carries a stable ``code`` for programs and a ``message`` for people; causes go to the log, not to the user.
"""


class RenderError(Exception):
    """A render that can't go on. ``message`` is shown to the user, so it names no path and no internals."""

    code = "render_failed"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code:
            self.code = code


class PlanError(RenderError):
    """A parameter that can't be rendered, found before any GPU time: ``field`` names it, ``message`` says why."""

    code = "invalid_plan"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class MediaError(RenderError):
    """A file that is not what it must be (not a video, truncated, too large, too long)."""

    code = "invalid_media"


class MediaBusy(RenderError):
    """Too many files are being looked at, or the machine is overloaded: the same request may succeed soon."""

    code = "media_busy"

    def __init__(self, message: str = "Too many files are being looked at right now; try again in a moment.") -> None:
        super().__init__(message)


class ModelError(RenderError):
    """A model folder or file that is missing, broken or not of its family; ``field`` names what asked for it."""

    code = "invalid_model"

    def __init__(self, message: str, *, code: str | None = None, field: str = "model") -> None:
        super().__init__(message, code=code)
        self.field = field


class OutOfMemory(RenderError):
    """The device had too little memory even for one frame at a time."""

    code = "out_of_memory"


class SourceMissing(RenderError):
    """A stored file that the render needs has vanished."""

    code = "source_missing"


class SourceDamaged(RenderError):
    """A stored file that the render needs is not whole any more."""

    code = "source_damaged"


class Stalled(RenderError):
    """Something the render waits for does nothing any more."""

    code = "stalled"


class Cancelled(RenderError):
    """``RenderPort.should_stop`` said so; finished frames stay in the work folder."""

    code = "cancelled"

    def __init__(self, message: str = "The render was cancelled.") -> None:
        super().__init__(message)


class Paused(RenderError):
    """A steered render waits for a console and gives the device back; it goes on from its state, bit for bit."""

    code = "paused"

    def __init__(self, frame: int) -> None:
        super().__init__("The render is paused.")
        self.frame = frame
        """Frames that are done."""
