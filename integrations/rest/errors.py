"""What went wrong with a call, said as what to do next. The word in `kind` is the word in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


class ApiError(Exception):
    """Base of everything a client raises.

    `service` and `operation` say where, `message` what (already free of secrets), `status` and `code` what the other
    side answered, if it answered.
    """

    kind: ClassVar[str] = "internal"

    def __init__(
        self, message: str, *, service: str = "", operation: str = "", status: int | None = None, code: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.service = service
        self.operation = operation
        self.status = status
        self.code = code

    def __str__(self) -> str:
        where = " ".join(part for part in (self.service, self.operation) if part)
        status = f" (HTTP {self.status})" if self.status else ""
        return f"{where}: {self.message}{status}" if where else f"{self.message}{status}"


DAILY_LIMIT = "daily_limit"
"""The code of a limit that is spent for the rest of the day."""
IN_LINE = "in_line"
"""The code of a refresh whose turn has not come; its message is how many are before it."""
NO_TIME_LEFT = "no_time_left"
"""The code of a call that was not made any more: the person who waits for it would not see its answer."""


class TransientError(ApiError):
    """Nothing happened over there; trying again later is safe."""

    kind = "transient"


class RateLimitedError(TransientError):
    """Too many requests. `seconds` until it makes sense to come back; `until` is that moment, once somebody set it who
    has a clock."""

    def __init__(
        self, message: str, *, seconds: float, service: str = "", operation: str = "", code: str = "",
        until: datetime | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message, service=service, operation=operation, status=429, code=code)
        self.seconds = seconds
        self.until = until


class IncompleteError(TransientError):
    """A list does not prove that what it does not show is absent: a row of it could not be read, or its pages moved."""


class UnusableListError(IncompleteError):
    """A list cannot be read at all, though there should be one: `because` says why. What needs it waits."""

    def __init__(self, because: ApiError) -> None:
        super().__init__(
            because.message, service=because.service, operation=because.operation, status=because.status,
            code=because.code,
        )  # fmt: skip
        self.because = because


class SoughtError(IncompleteError):
    """Something is not where a list showed it before; whether it is gone is known once the whole list was read."""


class FilterIgnoredError(IncompleteError):
    """Most of what a list shows was not asked for: the other side does not understand the question, so that its answer
    says nothing, neither of what is there nor of what is not."""

    def __init__(self, message: str, *, service: str = "", operation: str = "") -> None:
        super().__init__(message, service=service, operation=operation, code="filter_ignored")


@dataclass(frozen=True)
class RefusedField:
    """What a refusal says of one field of what was sent: a code means something only together with its `namespace`.
    `index` is the row of a list in which the field stands, as the other side counts."""

    namespace: str
    code: str
    element: str
    text: str
    index: str = ""


class RejectedError(ApiError):
    """The other side understood and refused; repeating the same changes nothing. `fields` are those that it names."""

    kind = "rejected"

    def __init__(
        self, message: str, *, service: str = "", operation: str = "", status: int | None = None, code: str = "",
        fields: Sequence[RefusedField] = (),
    ) -> None:  # fmt: skip
        super().__init__(message, service=service, operation=operation, status=status, code=code)
        self.fields = tuple(fields)


class NotFoundError(RejectedError):
    """What was asked for does not exist over there (any more)."""


class ConfigError(ApiError):
    """Keys, permission, address or scope are wrong; a person has to correct the connection."""

    kind = "config"


class UnauthorizedError(ConfigError):
    """The access token or the keys were not accepted."""


class ConflictError(ApiError):
    """Both sides changed, or the other side's state forbids the write; a person decides."""

    kind = "conflict"


class NamedConflictError(ConflictError):
    """A conflict about something that a person has to know the name of: the message is that name."""


class AmbiguousError(ConflictError):
    """More than one candidate over there; a person chooses."""

    kind = "ambiguous"


class UncertainError(ApiError):
    """A write was sent and its outcome is unknown; it must be looked up, never repeated blindly."""

    kind = "uncertain"


class OtherObjectError(UncertainError):
    """A write to one object was answered with another one (`remote_id`): it may have been made beside the first."""

    def __init__(
        self, message: str, *, remote_id: int, service: str = "", operation: str = "", status: int | None = None
    ) -> None:
        super().__init__(message, service=service, operation=operation, status=status)
        self.remote_id = remote_id


class InternalError(ApiError):
    """An answer that we cannot read, or a bug of ours."""

    kind = "internal"

    @classmethod
    def of_bug(cls, error: Exception, service: str = "") -> "InternalError":
        """Return what stands for a bug of ours: its name alone, for its text may quote what people wrote."""
        return cls(type(error).__name__, service=service, code="crash")


_REFUSALS: dict[int, type[ApiError]] = {
    400: RejectedError,
    401: UnauthorizedError,
    403: ConfigError,
    404: NotFoundError,
    409: RejectedError,
    422: RejectedError,
}


def refusal_kind(status: int) -> type[ApiError]:
    """Return the error of a status that both services mean alike; what is not listed is `InternalError`."""
    return _REFUSALS.get(status, InternalError)
