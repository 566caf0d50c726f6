"""Published figures as frames."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

HERE = Path(__file__).parent / "vectors"


@pytest.fixture(scope="session")
def vector() -> Callable[[str], pd.DataFrame]:
    """Read one table of published figures; an empty cell is missing, and nothing else is."""

    def read(name: str) -> pd.DataFrame:
        return pd.read_csv(HERE / f"{name}.csv", keep_default_na=False, na_values=[""])

    return read
