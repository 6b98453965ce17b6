"""Every error a caller can decide on.

The class docstring is the default message; the exit status is for the terminal.
"""

from __future__ import annotations


class TriviumError(Exception):
    """Something in Trivium failed; the message says what, with which value, and what to do next."""

    exit_status = 1

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class Misuse(TriviumError):
    """The request itself is wrong: a value, a name or a combination that cannot mean anything."""

    exit_status = 2


class HiddenState(Misuse):
    """A notebook's results hang on something that its cells, read in their order, do not tell."""


class NotFound(TriviumError):
    """No object has this name or id."""

    exit_status = 2


class InvalidName(Misuse):
    """Names are 1 to 100 lower-case letters, digits, `_` and `-`, starting with a letter."""


class SchemaMismatch(TriviumError):
    """The rows do not have the columns or types that the table or model expects."""


class UnsupportedValue(Misuse):
    """A value of this type cannot be stored without changing it."""


class VersionConflict(TriviumError):
    """Somebody else committed to this object first; read it again and repeat the act."""


class StoreBusy(TriviumError):
    """Others were writing for so long that this act was given up; nothing of it was stored, so repeat it."""


class StoreUnreachable(TriviumError):
    """The catalog's server does not answer; nothing of this act was stored, so repeat it when the server is back."""


class OutcomeUnknown(TriviumError):
    """The connection broke during a commit, so it is unknown whether it is stored; repeat it with the same key."""


class Quarantined(TriviumError):
    """A blocking check failed, so the rows are kept aside and no reader sees them."""


class CheckFailed(TriviumError):
    """A check did not pass."""


class BlockedByAlert(TriviumError):
    """An input has an open blocking alert, so nothing is trained on it."""


class Leakage(TriviumError):
    """What a model learns from has part of its exam in it."""


class GateFailed(TriviumError):
    """A model did not pass the checks of its release gate."""


class ApprovalMissing(TriviumError):
    """Promotion needs approvals by people other than the model's author."""


class CorruptObject(TriviumError):
    """Stored bytes do not have the digest that the catalog recorded."""


class StorageFull(TriviumError):
    """The storage has no room for the bytes; free some space and repeat the act."""


class StorageUnavailable(TriviumError):
    """The storage does not answer, or refuses; nothing was changed."""


class TaskFailed(TriviumError):
    """A task of a pipeline raised an error."""


class SparkFailed(TriviumError):
    """Spark could not do what a task asked of it."""


class RunCancelled(TriviumError):
    """Somebody cancelled the run; what was finished is kept, and it can be resumed."""


class ExecutorAway(TriviumError):
    """The executor does not answer; what was finished is kept, and the run can be resumed when it is back."""


class RunGoing(TriviumError):
    """The run is going on in another process, which has to end before this one can go on with it."""


class CacheKeyError(TriviumError):
    """No cache key can be made for this task, so it cannot be cached."""


class SecretUnavailable(TriviumError):
    """A secret has no value where a task needs it."""


class EndpointUnavailable(TriviumError):
    """The endpoint does not answer."""


class EnvironmentUnavailable(TriviumError):
    """The packages that a task asks for cannot be resolved or installed."""


class MissingExtra(Misuse):
    """An optional package is not installed."""


class AuditBroken(TriviumError):
    """The audit chain does not verify: an event was changed, removed or inserted."""


class ReproductionDiffers(TriviumError):
    """Running again gave another result."""
