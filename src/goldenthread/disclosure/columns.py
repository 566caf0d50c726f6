"""A table to be released, as columns: from a data frame, or from lists without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from goldenthread.disclosure.errors import DisclosureError

if TYPE_CHECKING:
    import pandas as pd

# pandas takes longer to load than an answer takes: it is fetched for tables that come as data frames, and no others
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Listed = Mapping[str, Sequence[object] | NDArray[Any]]


class Columns:
    """The columns of a table by name, all of one length.

    Raises `DisclosureError` where two have one name, or lists are not of one length.
    """

    def __init__(self, table: pd.DataFrame | Listed) -> None:
        self.index: pd.Index | None = None
        self._columns: dict[str, NDArray[Any] | pd.Series] = {}
        if isinstance(table, Mapping):
            self._columns = {name: _array(values) for name, values in table.items()}
            self._rows = len(next(iter(self._columns.values()), ()))
            if any(len(c) != self._rows for c in self._columns.values()):
                raise DisclosureError("The columns are not of one length.", "Give each row a value in each.")
            return
        names = [str(name) for name in table.columns]
        if len(set(names)) != len(names):
            raise DisclosureError("Two columns have the same name.", "Give each column its own name.")
        self.index, self._rows = table.index, len(table)
        self._columns = {
            name: table[column].reset_index(drop=True)
            for name, column in zip(names, table.columns, strict=True)
        }

    def __len__(self) -> int:
        return self._rows

    @property
    def names(self) -> list[str]:
        """Names of the columns, in their order."""
        return list(self._columns)

    def value(self, name: str, row: int) -> Any:
        """One cell."""
        column = self._columns[name]
        return column[row] if isinstance(column, np.ndarray) else column.iloc[row]

    def copy(self, name: str) -> Any:
        """A column of its own, of the kind it came as."""
        column = self._columns[name]
        return column.copy() if isinstance(column, np.ndarray) else column.array.copy()

    def is_numeric(self, name: str) -> bool:
        """Whether a column is declared to hold numbers."""
        column = self._columns[name]
        if isinstance(column, np.ndarray):
            return column.dtype.kind in "biuf"
        import pandas as pd

        return bool(pd.api.types.is_numeric_dtype(column))

    def numbers(self, name: str) -> Floats:
        """A column as floats; NaN for what is missing or is no number."""
        column = self._columns[name]
        if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
            return column.astype(np.float64)
        import pandas as pd

        values = pd.to_numeric(pd.Series(column), errors="coerce")
        return values.to_numpy(dtype=float, na_value=np.nan)

    def words(self, name: str) -> Bools:
        """Where a column holds something that is no number."""
        column = self._columns[name]
        if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
            return np.zeros(len(column), dtype=bool)
        return np.isnan(self.numbers(name)) & ~missing(column)

    def texts(self, name: str) -> list[str]:
        """A column as texts."""
        column = self._columns[name]
        values = column.tolist() if isinstance(column, np.ndarray) else column.astype(str).tolist()
        return [str(value) for value in values]


def missing(values: Any) -> Bools:
    """Where a column has no value.

    >>> missing([1, None]).tolist(), missing(np.array([np.nan, 0.5])).tolist()
    ([False, True], [True, False])
    """
    if isinstance(values, list):
        return np.array([value is None for value in values], dtype=bool)
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        return np.isnan(values)
    import pandas as pd

    return np.asarray(pd.isna(values), dtype=bool)


def _array(values: Sequence[object] | NDArray[Any]) -> NDArray[Any]:
    """Numbers as numbers, anything else as it is."""
    found = np.asarray(values)
    if found.dtype.kind in "biuf":
        return found
    whole = np.empty(len(values), dtype=object)
    whole[:] = values
    return whole
