"""What examples in docstrings run on: a home of forty people."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

_NEED_A_HOME = ("goldenthread/notebook.py", "goldenthread/__init__.py")


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty people; every second is 66 and a woman, the rest 36 and men."""
    sys.path.append(str(Path(__file__).parent))  # examples run without the tests' own packages on the path
    from tests.measures.tiny import build

    home = tmp_path_factory.mktemp("small") / "home"
    home.mkdir()
    (home / "goldenthread.toml").write_text('name = "Forty people"\nthreads = 1\nmemory_mb = 500\n')
    rows = [f"| {n} | {1960 if n % 2 else 1990}-01-01 | {1 + n % 2} |" for n in range(40)]
    build(home / "lake", person="\n".join(["| pid | birth_month | sex |", *rows]))
    return home


@pytest.fixture(autouse=True)
def _home_for_examples(request: pytest.FixtureRequest, doctest_namespace: dict[str, object]) -> None:
    path = str(getattr(request.node, "path", ""))
    if path.endswith(_NEED_A_HOME):
        doctest_namespace["home"] = str(request.getfixturevalue("small_home"))
