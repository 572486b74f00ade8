"""The one error tree: services raise these, views never catch, ``config.api.handlers`` answers.

Nothing here knows Django or DRF, so services, tasks and commands may import it.
"""

from collections.abc import Callable, Mapping


class DomainError(Exception):
    """A rule of the product said no.

    code: stable machine word of the answer (``insufficient_credits``); message: one sentence for people;
    status: HTTP status; data: figures of a broken rule, shown to the client on 409 and 422 only; headers: extra
    answer headers.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 422,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data = data
        self.headers = dict(headers or {})


class ValidationFailed(DomainError):
    """Input that breaks a rule of its field: 422 "Validation Error", ``data`` = {field: [reasons]}."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        super().__init__("validation_error", "Validation Error", 422, data=fields)
        self.fields = fields

    def __str__(self) -> str:
        return "; ".join(f"{field}: {' '.join(reasons)}" for field, reasons in self.fields.items())


def refuse(field: str, reason: str) -> None:
    raise ValidationFailed({field: [reason]})


def all_problems(*checks: Callable[[], object]) -> dict[str, list[str]]:
    """Field -> reasons, of all checks together: each raises ValidationFailed, or is content."""
    problems: dict[str, list[str]] = {}
    for check in checks:
        try:
            check()
        except ValidationFailed as failed:
            for field, reasons in failed.fields.items():
                problems.setdefault(field, []).extend(reasons)
    return problems


class Unauthenticated(DomainError):
    def __init__(self, message: str = "Unauthenticated", code: str = "unauthenticated") -> None:
        super().__init__(code, message, 401)


class Forbidden(DomainError):
    def __init__(self, message: str = "You may not do this", code: str = "forbidden") -> None:
        super().__init__(code, message, 403)


class NotFound(DomainError):
    def __init__(self, message: str = "Not found", code: str = "not_found") -> None:
        super().__init__(code, message, 404)


class Conflict(DomainError):
    """Somebody else holds the row: the same request may succeed in ``retry_after`` seconds."""

    def __init__(
        self, message: str = "Somebody else is changing this", code: str = "conflict", retry_after: int = 1
    ) -> None:
        super().__init__(code, message, 409, headers={"Retry-After": str(retry_after)})


class TooLarge(DomainError):
    def __init__(self, message: str = "The request is too large", code: str = "too_large") -> None:
        super().__init__(code, message, 413)


class DiskFull(DomainError):
    """Nothing of what was sent is kept; the same request may succeed once there is room again."""

    def __init__(self) -> None:
        message = "The server has no room for this right now; nothing was kept, try again later."
        super().__init__("disk_full", message, 507, headers={"Retry-After": "60"})


class TooManyRequests(DomainError):
    def __init__(
        self, message: str = "Too many requests", code: str = "too_many_requests", retry_after: int = 60
    ) -> None:
        super().__init__(code, message, 429, headers={"Retry-After": str(retry_after)})


class Unavailable(DomainError):
    """What the answer depends on is away for a moment: the same request may succeed in ``retry_after`` seconds."""

    def __init__(
        self,
        message: str = "The service is unavailable for a moment; try again",
        code: str = "service_unavailable",
        retry_after: int = 2,
    ) -> None:
        super().__init__(code, message, 503, headers={"Retry-After": str(retry_after)})


BEARER_CHALLENGE = 'Bearer realm="api"'
