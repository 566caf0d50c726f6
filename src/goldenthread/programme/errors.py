"""What can be wrong with an initiative, its plan or its evaluation, in words."""

from goldenthread.errors import GoldenThreadError


class ProgrammeError(GoldenThreadError):
    """An initiative, plan or decision that cannot be taken as it is; nothing was changed."""


class Conflict(ProgrammeError):  # noqa: N818 - the word people use
    """Somebody else changed the initiative meanwhile; ``now`` is the version that stands."""

    def __init__(self, message: str, remedy: str, now: int) -> None:
        super().__init__(message, remedy)
        self.now = now


class Refused(ProgrammeError):  # noqa: N818 - the word people use
    """A step of the cycle that may not be taken yet, such as locking without a comparator; ``reasons`` lists why."""

    def __init__(self, message: str, remedy: str = "", reasons: tuple[str, ...] = ()) -> None:
        super().__init__(message, remedy)
        self.reasons = reasons or (message,)
