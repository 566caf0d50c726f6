"""The same people and seed give the same bytes; what cannot be made is refused in plain words."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest
from tests.demo.conftest import PEOPLE, SEED, Demo

from goldenthread.demo import DemoError, generate
from goldenthread.demo.population import plan
from goldenthread.demo.practice import live


def _digest(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_workers(demo: Demo, tmp_path: Path) -> None:
    generate(tmp_path / "feeds", tmp_path / "truth", PEOPLE, SEED, workers=2)
    again, first = _digest(tmp_path), _digest(demo.feeds.parent)
    assert list(again) == list(first)
    assert [k for k in first if again[k] != first[k]] == []
    assert len(first) > 150


def test_another_seed_gives_other_people(demo: Demo, tmp_path: Path) -> None:
    plans = plan(PEOPLE, SEED + 1)
    other = live(plans[0], plans).people
    known = {n for (n,) in demo.rows("select NHS_NUMBER from gp_patient")}
    assert not known & set(other.nhs)


@pytest.mark.parametrize("people", [0, 1_999, 821_164])
def test_too_few_or_too_many_people_are_refused(people: int, tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=r"Choose between 2,000 and 821,163"):
        generate(tmp_path / "feeds", tmp_path / "truth", people)


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "feeds" / "mine.csv"
    kept.parent.mkdir()
    kept.write_text("precious")
    with pytest.raises(DemoError, match="not empty"):
        generate(tmp_path / "feeds", tmp_path / "truth", PEOPLE)
    assert kept.read_text() == "precious"


def test_nothing_is_left_behind(demo: Demo) -> None:
    assert sorted(p.name for p in demo.feeds.parent.iterdir()) == ["feeds", "truth"]


def test_every_sender_lists_its_files_with_their_rows_and_digests(demo: Demo) -> None:
    controls = sorted(demo.feeds.rglob("control.csv"))
    assert {c.parent.parent.name for c in controls} == {p.name for p in demo.feeds.iterdir()}
    listed = 0
    for control in controls:
        for row in csv.DictReader(control.open()):
            path = control.parent / row["file"]
            assert hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]
            assert path.stat().st_size == int(row["bytes"])
            assert path.read_bytes().count(b"\n") - 1 == int(row["rows"])
            listed += 1
    assert listed == len([p for p in demo.feeds.rglob("*.csv") if p.name != "control.csv"])


def test_the_summary_counts_what_is_in_the_files(demo: Demo) -> None:
    assert (
        demo.summary.people
        == PEOPLE
        == demo.one("select count(*) from true_person where kind = 'registered'")
    )
    assert demo.summary.practices == demo.one("select count(*) from ref_practice")
    assert demo.summary.rows["gp_event"] == demo.one("select count(*) from gp_event")
    assert demo.summary.rows["ecds"] == demo.one("select count(*) from ecds")
    assert demo.summary.rows["programme"] == demo.one("select count(*) from programme")
