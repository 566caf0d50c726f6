"""Files that count, and those that shall not any more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldenthread.lake import Lake
from tests.cli.conftest import Run
from tests.cli.test_strand import copy_of


@pytest.fixture
def home(demo: Path, tmp_path: Path) -> Path:
    return copy_of(demo, tmp_path)


def test_every_file_that_counts_is_listed(run: Run, demo: Path) -> None:
    files = json.loads(run("feeds", "list", "--home", demo, "--json").stdout)
    status = json.loads(run("status", "--home", demo, "--json").stdout)
    assert len(files) == sum(feed["files"] for feed in status["feeds"])
    for feed in status["feeds"]:
        mine = [f for f in files if f["feed"] == feed["name"]]
        assert sum(f["rows_in"] for f in mine) == feed["rows_in"]
        assert all((demo / "feeds" / f["file"]).is_file() for f in mine)
    deaths = run("feeds", "list", "deaths", "--home", demo).stdout
    assert "deaths/QZ1/deaths.csv" in deaths
    assert "event.csv" not in deaths


def test_a_withdrawn_file_is_forgotten_as_the_message_says(run: Run, home: Path) -> None:
    file = "deaths/QZ1/deaths.csv"
    (home / "feeds" / file).unlink()
    (home / "feeds" / "deaths" / "QZ1" / "control.csv").unlink()
    refused = run("refresh", "--home", home, check=False)
    assert refused.returncode == 3
    said = " ".join(refused.stderr.split())
    assert f"goldenthread feeds forget {file}" in said
    done = run("feeds", "forget", file, "--home", home)
    assert "counts no more" in done.stdout
    run("refresh", "--home", home)
    status = json.loads(run("status", "--home", home, "--json").stdout)
    (deaths,) = (feed for feed in status["feeds"] if feed["name"] == "deaths")
    assert (deaths["files"], deaths["rows_in"]) == (0, 0)


def test_a_file_that_is_there_still_comes_back(run: Run, home: Path) -> None:
    path = home / "feeds" / "deaths" / "QZ1" / "deaths.csv"
    done = run("feeds", "forget", path, "--home", home)  # the whole path will do
    assert "take it again" in done.stdout
    assert "deaths/QZ1/deaths.csv" not in run("feeds", "list", "--home", home).stdout
    run("refresh", "--home", home)
    assert "deaths/QZ1/deaths.csv" in run("feeds", "list", "--home", home).stdout


def test_a_name_that_is_off_gets_its_neighbour(run: Run, demo: Path) -> None:
    done = run("feeds", "forget", "deaths/QZ1/death.csv", "--home", demo, check=False)
    assert done.returncode == 1
    assert "Did you mean 'deaths/QZ1/deaths.csv'" in " ".join(done.stderr.split())
    assert run("feeds", "forget", "xyz", "--home", demo, check=False).returncode == 1


def test_nothing_is_forgotten_while_a_refresh_runs(run: Run, demo: Path) -> None:
    with Lake(demo / "lake").hold():
        done = run("feeds", "forget", "deaths/QZ1/deaths.csv", "--home", demo, check=False)
    assert done.returncode == 1
    assert "Another refresh is running" in done.stderr
    assert "deaths/QZ1/deaths.csv" in run("feeds", "list", "--home", demo, "--json").stdout


def test_a_new_folder_has_no_files(run: Run, tmp_path: Path) -> None:
    run("init", tmp_path / "new")
    assert "goldenthread refresh" in run("feeds", "list", "--home", tmp_path / "new").stdout
    assert json.loads(run("feeds", "list", "--home", tmp_path / "new", "--json").stdout) == []


def test_the_demonstration_is_compared_with_published_figures(run: Run, demo: Path, tmp_path: Path) -> None:
    shown = run("demo-report", demo).stdout
    assert shown.startswith("Prevalence of QOF registers")
    report = json.loads(run("demo-report", demo, "--json").stdout)
    diabetes = next(f for f in report["figures"] if f["what"] == "DM")
    assert diabetes["published"] == pytest.approx(8, abs=4)
    assert f"{diabetes['modelled']:.2f}" in shown
    assert run("demo-report", demo, "--quiet").stdout == ""
    run("init", tmp_path / "real")
    done = run("demo-report", tmp_path / "real", check=False)
    assert done.returncode == 1
    assert "goldenthread demo" in done.stderr
