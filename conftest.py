"""What examples in docstrings run on: a home of forty people; and a folder for the browser's code to be imported with."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

_NEED_A_HOME = ("goldenthread/notebook.py", "goldenthread/__init__.py")


def _prepare_django() -> None:
    """Django reads its settings when it is imported: each process of the run gets a synthetic home of its own."""
    if "GOLDENTHREAD_TEST_ROOT" not in os.environ:
        os.environ["GOLDENTHREAD_TEST_ROOT"] = tempfile.mkdtemp(prefix="goldenthread-tests-")
        os.environ["GOLDENTHREAD_TEST_ROOT_IS_OURS"] = str(os.getpid())
    home = Path(os.environ["GOLDENTHREAD_TEST_ROOT"]) / os.environ.get("PYTEST_XDIST_WORKER", "main") / "home"
    if not (home / "goldenthread.toml").exists():
        from goldenthread.cli.home import make_home
        from goldenthread.demo.command import TODAY

        made = make_home(home, name="Lincolnshire demonstration", feeds="feeds", synthetic=True)
        path = made.home / "goldenthread.toml"
        path.write_text(
            f"{path.read_text('utf-8')}\nthreads = 1\ntoday = {TODAY.isoformat()}\n", encoding="utf-8"
        )
    os.environ["GOLDENTHREAD_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "goldenthread.web.site.settings"
    import django

    django.setup()


_prepare_django()  # here and not in a hook, because folders' own conftest files import models


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that began the run clears up after all of them."""
    if os.environ.get("GOLDENTHREAD_TEST_ROOT_IS_OURS") == str(os.getpid()):
        import shutil

        shutil.rmtree(os.environ["GOLDENTHREAD_TEST_ROOT"], ignore_errors=True)


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty people; every second is 66 and a woman, the rest 36 and men."""
    sys.path.append(str(Path(__file__).parent))  # examples run without the tests' own packages on the path
    from tests.measures.tiny import build

    home = tmp_path_factory.mktemp("small") / "home"
    home.mkdir()
    (home / "goldenthread.toml").write_text(
        'name = "Forty people"\nthreads = 1\nmemory_mb = 500\nagreements = "recorded"\n'
    )
    rows = [f"| {n} | {1960 if n % 2 else 1990}-01-01 | {1 + n % 2} |" for n in range(40)]
    build(home / "lake", person="\n".join(["| pid | birth_month | sex |", *rows]))
    return home


@pytest.fixture(autouse=True)
def _home_for_examples(request: pytest.FixtureRequest, doctest_namespace: dict[str, object]) -> None:
    path = str(getattr(request.node, "path", ""))
    if path.endswith(_NEED_A_HOME):
        doctest_namespace["home"] = str(request.getfixturevalue("small_home"))
