"""The national data opt-out: the file, the reply that is believed or not, and a cache that forgets."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.governance import Audit, GovernanceError, OptOuts
from goldenthread.governance.opt_out_files import (
    INVALID_REPLY,
    name_in,
    read_reply,
    request_name,
    write_request,
)
from goldenthread.vault import Keys, Vault, nhs_numbers
from tests.cli.conftest import Run, run  # noqa: F401

KEYS = Keys(bytes(range(32)))
NUMBERS = ["9990000018", "9990000026", "9990000034", "9990000042"]
MONDAY = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(tmp_path: Path, clock: Clock) -> OptOuts:
    return OptOuts(tmp_path, days=7, clock=clock)


def pseudonyms_of(numbers: list[str]) -> list[bytes]:
    found: list[bytes] = KEYS.pseudonyms(numbers).to_pylist()
    return found


PEOPLE = pseudonyms_of(NUMBERS)


@pytest.fixture
def answer(cache: OptOuts, tmp_path: Path) -> Callable[[str], Path]:
    """Ask about all four, and put the text of a reply where it would come."""

    def asked(text: str) -> Path:
        path = cache.request(NUMBERS, mailbox="GT001HC001", purpose="research", by="ann")
        reply = tmp_path / f"{path.stem}-0630.dat"
        reply.write_bytes(text.encode())
        return reply

    return asked


def test_the_file_is_as_published(tmp_path: Path) -> None:
    assert write_request(tmp_path / "a.dat", [NUMBERS[1], NUMBERS[0], NUMBERS[0]]) == 2
    assert (tmp_path / "a.dat").read_bytes() == b"9990000018,\n9990000026,\n"
    assert (tmp_path / "a.dat").stat().st_mode & 0o777 == 0o600
    assert request_name("X26OT154", date(2026, 1, 2), 12) == "X26OT154-020126-0012"
    with pytest.raises(GovernanceError, match="is not a mailbox"):
        request_name("GT:001", date(2026, 1, 2), 1)
    assert name_in("X26OT154-020126-0012-20260103.dat") == "X26OT154-020126-0012"
    with pytest.raises(GovernanceError, match="not named after a request"):
        name_in("reply.dat")


def test_one_invalid_number_would_void_the_reply_so_it_is_not_sent(cache: OptOuts) -> None:
    with pytest.raises(GovernanceError, match="1 of 2 NHS numbers are not valid") as error:
        cache.request([NUMBERS[0], "9990000019"], mailbox="GT001HC001", purpose="research", by="ann")
    assert "9990000019" not in str(error.value)
    assert list(cache.exchange.rglob("*.dat")) == []
    assert cache.requests() == []


def test_whoever_is_not_in_the_reply_has_opted_out(cache: OptOuts, answer: Callable[[str], Path]) -> None:
    reply = answer("9990000018,\n9990000042,\n")
    found = cache.read(reply, name_in(reply.name), pseudonyms_of, by="ann")
    assert found.opted_out == 2
    cleared = cache.cleared([*PEOPLE, b"n" * 16], "research")
    assert cleared.usable == {PEOPLE[0], PEOPLE[3]}
    assert (cleared.opted_out, cleared.not_asked) == (2, 1)
    assert "2 have opted out; 1 have not been asked about lately" in cleared.words
    assert cache.cleared(PEOPLE, "direct_care").usable == set(PEOPLE), "it does not touch a person's own care"


def test_files_with_numbers_are_gone_once_they_were_read(
    cache: OptOuts, answer: Callable[[str], Path], tmp_path: Path
) -> None:
    reply = answer("9990000018,\n")
    cache.read(reply, name_in(reply.name), pseudonyms_of, by="ann")
    assert not reply.exists()
    left = b"".join(f.read_bytes() for f in tmp_path.rglob("*") if f.is_file())
    for number, person in zip(NUMBERS, PEOPLE, strict=True):
        assert number.encode() not in left
        assert person not in left
        assert person.hex().encode() not in left


def test_an_answer_expires_and_is_deleted(
    cache: OptOuts, clock: Clock, answer: Callable[[str], Path]
) -> None:
    reply = answer("9990000018,\n")
    cache.read(reply, name_in(reply.name), pseudonyms_of, by="ann")
    clock.now = MONDAY + timedelta(days=7, seconds=-1)
    assert cache.not_known(PEOPLE) == []
    clock.now = MONDAY + timedelta(days=7)
    assert cache.cleared(PEOPLE, "research").not_asked == 4
    assert cache.kept()[0] == 4
    assert cache.forget_expired() == 4
    assert cache.kept() == (0, "")


def test_a_clock_set_back_does_not_make_an_answer_last(
    cache: OptOuts, clock: Clock, answer: Callable[[str], Path]
) -> None:
    reply = answer("9990000018,\n")
    cache.read(reply, name_in(reply.name), pseudonyms_of, by="ann")
    clock.now = MONDAY - timedelta(hours=1)
    assert cache.cleared(PEOPLE, "research").not_asked == 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (INVALID_REPLY, "holds invalid NHS numbers"),
        (INVALID_REPLY + "\n", "holds invalid NHS numbers"),
        ("9990000018,\n9990000050,\n", "1 numbers that were not sent"),
        ("9990000018\n", "line 1: not ten digits and a comma"),
        ("9990000018,\n99900", "cut off"),
        ("<report>undelivered</report>\n", "line 1: not ten digits"),
        ("9990000018,9990000026,\n", "line 1"),
    ],
)
def test_a_reply_that_cannot_be_believed_changes_nothing(
    cache: OptOuts, answer: Callable[[str], Path], text: str, says: str
) -> None:
    reply = answer(text)
    with pytest.raises(GovernanceError) as error:
        cache.read(reply, name_in(reply.name), pseudonyms_of, by="ann")
    assert says in str(error.value)
    assert "9990000" not in str(error.value)
    assert cache.kept() == (0, "")
    assert not reply.exists()
    (aside,) = (cache.exchange / "set-aside").iterdir()
    assert aside.stat().st_mode & 0o777 == 0o600
    assert cache.requests()[0].state == "refused"
    assert Audit(cache.exchange.parent.parent).entries(action="opt_outs.refused")


def test_nobody_of_many_is_taken_for_a_file_that_was_cut_off(tmp_path: Path) -> None:
    many = [n for n in (f"99900{i:04d}" for i in range(60)) if nhs_numbers.check_digit(n) is not None]
    numbers = [f"{n}{nhs_numbers.check_digit(n)}" for n in many]
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(GovernanceError, match="not likely"):
        read_reply(tmp_path / "empty", numbers)
    assert read_reply(tmp_path / "empty", numbers[:5]) == frozenset()


def test_a_reply_to_a_request_that_was_never_made(cache: OptOuts, tmp_path: Path) -> None:
    with pytest.raises(GovernanceError, match="No request"):
        cache.read(tmp_path / "x.dat", "GT001HC001-301126-0001", pseudonyms_of, by="ann")


@given(usable=st.sets(st.sampled_from(NUMBERS)))
def test_who_comes_back_and_who_does_not_add_up(
    usable: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("reply") / "r.dat"
    file.write_bytes("".join(f"{n},\n" for n in usable).encode())
    assert read_reply(file, NUMBERS) == usable


def test_from_the_command_line(run: Run, tmp_path: Path) -> None:  # noqa: F811
    import pyarrow as pa

    home = tmp_path / "home"
    home.mkdir()
    (home / "goldenthread.toml").write_text("opt_out_days = 3\n")
    with Vault.open(home / "vault", KEYS, create=True) as vault:
        KEYS.write(home / "vault" / "key")
        local = KEYS.records(["A1"], "local")
        people = pa.concat_arrays([KEYS.pseudonyms(NUMBERS), local])
        vault.store(pa.table({"pseudonym": people, "nhs_number": pa.array([*NUMBERS, None], pa.string())}))
    words = ("--home", home, "--by", "Ann")
    done = json.loads(run("opt-outs", "request", "--mailbox", "GT001HC001", *words, "--json").stdout)
    assert (done["people"], done["without_number"]) == (4, 1)
    reply = tmp_path / f"{done['request']}-1.dat"
    reply.write_bytes(b"9990000018,\n")
    said = run("opt-outs", "read", reply, *words).stdout
    assert "1 of 4 people may be used. The answer holds for 3 days." in said
    state = json.loads(run("opt-outs", "status", "--home", home, "--json").stdout)
    assert (state["kept"], state["requests"][0]["state"]) == (4, "answered")
    again = run("opt-outs", "request", "--mailbox", "GT001HC001", *words, check=False)
    assert "nobody to ask about" in again.stderr
