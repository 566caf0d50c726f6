"""Acts on accounts that cannot be done."""

from goldenthread.errors import GoldenThreadError


class AccountError(GoldenThreadError):
    """A name, password, role or scope that cannot be used, or an act that nobody may do to themselves."""
