"""Every question obeys the register: through the population, whoever holds it and for however long."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest

import goldenthread
from goldenthread.cohorts import Population, Scope
from goldenthread.definitions import Catalogue
from goldenthread.governance import Coverage, GovernanceError, Register, sharing_of
from goldenthread.lake import Snapshot
from goldenthread.settings import Settings
from tests.cohorts.conftest import catalogue, town  # noqa: F401
from tests.measures.tiny import build

WHY = {"by": "Dr Shah, partner", "reason": "Partners' meeting of 3 November"}
SOURCE = Path(goldenthread.__file__).parent

ATTENDED = """
[attended]
rule = "Any emergency attendance"
from = "emergency_attendance"
take = "exists"
source = "The town's own"
"""


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Ninety people: Z00001 has 30, Z00002 has 60; every third attended an emergency department; nobody opted out."""
    registered = [f"| {n} | Z0000{1 if n < 30 else 2} |" for n in range(90)]
    attended = [f"| {n} | 2026-01-01 | A{n} |" for n in range(0, 90, 3)]
    return build(
        tmp_path_factory.mktemp("ninety"),
        registration="\n".join(["| pid | practice |", *registered]),
        emergency_attendance="\n".join(["| pid | date | attendance_id |", *attended]),
        practice="| practice | name | pcn |\n| Z00001 | Abbey | UZ001 |\n| Z00002 | Bailgate | UZ001 |",
    )


@pytest.fixture(scope="module")
def definitions(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Catalogue:  # noqa: F811
    from goldenthread.definitions import load_catalogue

    own = tmp_path_factory.mktemp("attended")
    (own / "measures").mkdir()
    (own / "measures" / "own.toml").write_text(ATTENDED)
    whole = load_catalogue(own)
    mine = {n: d for n, d in whole.definitions.items() if Path(d.file).is_relative_to(own)}
    return Catalogue(mine, {}, whole.folders)


@pytest.fixture
def deployment(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, agreements="recorded", today=date(2026, 11, 30))


@pytest.fixture
def register(deployment: Settings) -> Register:
    return Register.open(deployment.home)


@pytest.fixture
def people(deployment: Settings, snapshot: Snapshot, definitions: Catalogue) -> Population:
    return Population(snapshot, definitions, sharing=lambda: sharing_of(deployment, snapshot, "planning"))


def test_a_withdrawal_takes_effect_on_the_next_question(people: Population, register: Register) -> None:
    cohort, view = people.cohort("attended"), people.told_to("bob")
    assert (cohort.size, len(people.pids), cohort.count().population) == (30, 90, 90)
    register.withdraw("Z00001", "planning", **WHY)
    assert (cohort.size, len(people.pids), cohort.count().population, len(view.pids)) == (20, 60, 60, 60)
    register.agree("Z00001", "planning", **WHY)
    assert (cohort.size, len(people.pids), len(view.pids)) == (30, 90, 90)


def test_every_answer_says_how_much_it_covers_and_why(people: Population, register: Register) -> None:
    register.withdraw("Z00001", "planning", **WHY)
    answer = people.cohort("attended").by("practice")
    assert answer.coverage_words == (
        "1 of 2 practices, about 67% of the people registered; 1 practice does not share for this; Type 1 opt-outs have left"
    )
    assert answer.by is not None
    assert answer.by.coverage == answer.coverage_words
    assert set(answer.by.frame["practice"]) == {"Z00002", "All"}
    assert answer.registered == 90


def test_when_the_last_practice_leaves_questions_are_refused(people: Population, register: Register) -> None:
    cohort = people.cohort("attended")
    register.withdraw("Z00001", "planning", **WHY)
    register.withdraw("Z00002", "planning", **WHY)
    for ask in (lambda: cohort.size, lambda: people.pids, lambda: people.coverage, cohort.attrition):
        with pytest.raises(GovernanceError, match="No practice shares"):
            ask()


def test_a_feed_withheld_takes_people_out_of_numerator_and_denominator(
    people: Population, register: Register
) -> None:
    """One third of everybody attended, before and after: leaving people in the denominator alone would halve it."""
    register.withdraw("Z00001", "planning", feed="ecds", **WHY)
    answer = people.cohort("attended and age > 1").count()
    assert (answer.people, answer.population) == (20, 60)
    assert answer.coverage_words.startswith("1 of 2 practices")
    other = people.cohort("age > 1").count()
    assert (other.people, other.population) == (90, 90)
    steps = people.cohort("age > 1 and attended").attrition().steps
    assert [s.people for s in steps] == [90, 60, 60, 20]
    assert people.count(["attended"], where="attended") == 20
    assert people.query("pid, attended", ["attended"]).num_rows == 60
    assert people.groups("count(*) AS n", ["attended", "practice"], by="practice").num_rows == 1
    assert people.without_practices_for(["attended"]) == ("Z00001",)
    assert people.without_practices_for(["age"]) == ()
    assert len(people.for_tables(["emergency_attendance"]).pids) == 60
    assert (
        people.for_tables(["gp_event"]).coverage.practices
        == people.for_tables(["gp_event"]).coverage.sharing
        == 2
    )


def test_a_purpose_uses_the_feeds_of_its_terms_only(people: Population, register: Register) -> None:
    register.set_terms("planning", feeds=["gp"], retention_days=10, by="Ann", reason="DPIA 4")
    assert people.cohort("age > 1").size == 90
    with pytest.raises(GovernanceError, match="may not use this: Emergency department attendances"):
        people.cohort("attended")
    with pytest.raises(GovernanceError, match="may not use this"):
        people.query("pid", ["attended"])


def test_a_question_about_the_past_leaves_out_who_was_with_the_practice_then(
    deployment: Settings, register: Register, tmp_path_factory: pytest.TempPathFactory, definitions: Catalogue
) -> None:
    snapshot = build(
        tmp_path_factory.mktemp("moved"),
        registration="""
            | pid | practice | start_date | end_date |
            | 0   | Z00001   | 2000-01-01 | 2025-01-01 |
            | 0   | Z00002   | 2025-01-01 |  |
            | 1   | Z00002   | 2000-01-01 |  |
        """,
    )
    register.withdraw("Z00001", "planning", **WHY)

    def asked(day: date) -> list[int]:
        share = lambda: sharing_of(deployment, snapshot, "planning")  # noqa: E731
        return Population(snapshot, definitions, index_date=day, sharing=share).pids.tolist()

    assert asked(date(2024, 6, 1)) == [1]
    assert asked(date(2026, 6, 1)) == [0, 1]


def test_coverage_in_words() -> None:
    assert Coverage("direct_care", 100, 100, 3, 3).words == "everybody registered"
    assert Coverage("direct_care", 100, 60, 3, 1).words == (
        "1 of 3 practices, about 60% of the people registered; 2 practices do not share for this"
    )
    assert Coverage("planning", 100, 60, 3, 1).words_without_share.endswith("how many people is not shown")


# -- nothing reads the lake without a purpose

READERS = {
    "lake": "it is the lake",
    "intake": "it makes the lake",
    "governance": "it decides who may be asked about",
    "measures": "it is handed those who may be asked about, by cohorts and prediction",
    "cohorts": "every question is asked through a Population, which has a purpose",
    "prediction": "it fits on those whom a Population lets it see",
    "programme": "it is handed a Population, and looks only at its people",
    "insight": "it asks through a Population, or is handed what practices share",
}
WITHOUT_A_PURPOSE = {"connect", "cache", "files"}


def reads_the_lake(tree: ast.Module) -> set[str]:
    """Names called on something that may be a snapshot: `.connect(` of other libraries' modules is not one."""
    found = set()
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name, owner = node.func.attr, node.func.value
        if name in WITHOUT_A_PURPOSE and not (
            isinstance(owner, ast.Name) and owner.id in ("duckdb", "sqlite3", "importlib")
        ):
            found.add(f"{ast.unparse(owner)}.{name}")
        if (
            name in ("connect", "sql", "read_parquet")
            and isinstance(owner, ast.Name)
            and owner.id == "duckdb"
        ):
            found.add(f"duckdb.{name}")
    return {
        f
        for f in found
        if "snapshot" in f.lower() or f.startswith(("duckdb", "Lake", "lake", "self.current", "current"))
    }


def test_only_rooms_that_ask_under_a_purpose_read_the_lake() -> None:
    """Web, command line and notebook reach people only through ``population_of``."""
    offenders = {}
    for path in sorted(SOURCE.rglob("*.py")):
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if room in READERS or room == "demo":
            continue
        if found := reads_the_lake(ast.parse(path.read_text("utf-8"))):
            offenders[str(path.relative_to(SOURCE))] = sorted(found)
    assert offenders == {}


def test_the_look_for_readers_can_find_one() -> None:
    tree = ast.parse(
        "Lake(home).current().connect(only=('person',)); snapshot.cache(); duckdb.connect(str(x)); socket.connect(y)"
    )
    assert reads_the_lake(tree) == {"Lake(home).current().connect", "snapshot.cache", "duckdb.connect"}


def made_without_agreements(tree: ast.Module) -> list[int]:
    """Lines where a population is made by hand, without saying what practices share."""
    names = {
        a.asname or a.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("goldenthread.cohorts")
        for a in node.names
        if a.name == "Population"
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
        and not {"sharing", "without_practices"} & {k.arg for k in node.keywords}
    ]  # fmt: skip


def test_no_room_makes_a_population_past_the_register() -> None:
    offenders = {
        str(path.relative_to(SOURCE)): lines
        for path in sorted(SOURCE.rglob("*.py"))
        if (lines := made_without_agreements(ast.parse(path.read_text("utf-8"))))
    }
    assert offenders == {}
    text = "from goldenthread.cohorts import Population as P\nP(snapshot, catalogue)\nP(s, c, sharing=x)\n"
    assert made_without_agreements(ast.parse(text)) == [2]


def test_another_day_obeys_the_register_as_well(people: Population, register: Register) -> None:
    earlier = people.told_to("bob").at(date(2025, 1, 1))
    assert (len(earlier.pids), earlier.recipient, earlier.index_date) == (90, "bob", date(2025, 1, 1))
    part = people.within(Scope.parse("practice-Z00001")).at(date(2025, 1, 1))
    assert (len(part.pids), len(part.whole.pids)) == (30, 90)
    register.withdraw("Z00001", "planning", **WHY)
    assert (len(earlier.pids), len(part.pids), len(part.whole.pids)) == (60, 0, 60)


CLIENT_SIDE = {
    "Approval", "Identities", "KeyClient", "KeyServiceDown", "KeyServiceError", "SOCKET", "Signer", "digest_of", "nhs_numbers",
}  # fmt: skip
"""Names of the vault that hold no key and open nothing."""
PURE_MODULES = {"goldenthread.vault.nhs_numbers", "goldenthread.vault.client", "goldenthread.vault.protocol"}


def of_the_vault(tree: ast.Module) -> list[str]:
    """What a file imports from the vault that could open it."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [
                a.name
                for a in node.names
                if a.name.startswith("goldenthread.vault") and a.name not in PURE_MODULES
            ]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("goldenthread.vault"):
            if node.module not in PURE_MODULES:
                whole = node.module != "goldenthread.vault"
                found += [f"{node.module}.{a.name}" for a in node.names if whole or a.name not in CLIENT_SIDE]
        elif isinstance(node, ast.ImportFrom) and node.module == "goldenthread":
            found += ["goldenthread.vault" for a in node.names if a.name == "vault"]
    return found


def test_nobody_beside_intake_and_the_service_can_open_the_vault() -> None:
    """The command line can: it is run by who keeps the key. The browser, the notebook and every analytic room cannot."""
    allowed = {"vault", "intake", "cli", "demo"}
    offenders = {}
    for path in sorted(SOURCE.rglob("*.py")):
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if room not in allowed and (found := of_the_vault(ast.parse(path.read_text("utf-8")))):
            offenders[str(path.relative_to(SOURCE))] = found
    assert offenders == {}


def test_the_look_for_the_vault_can_find_it() -> None:
    text = """
from goldenthread.vault import KeyClient, load_keys
from goldenthread.vault.store import Vault
from goldenthread import vault
import goldenthread.vault.keys
from goldenthread.vault.nhs_numbers import is_valid
"""
    assert of_the_vault(ast.parse(text)) == [
        "goldenthread.vault.load_keys", "goldenthread.vault.store.Vault", "goldenthread.vault", "goldenthread.vault.keys",
    ]  # fmt: skip


def test_a_list_is_of_patients_whose_practice_shares_today(
    deployment: Settings, register: Register, snapshot: Snapshot, definitions: Catalogue, tmp_path: Path
) -> None:
    """Frozen with everybody in it; a practice that leaves between request and opening takes its patients with it."""
    from goldenthread.cohorts import freeze, members_now, pids_of

    share = lambda: sharing_of(deployment, snapshot, "direct_care")  # noqa: E731
    people = Population(snapshot, definitions, purpose="direct_care", sharing=share)
    version = freeze(people.cohort("attended"), "attended", tmp_path / "cohorts")
    before = members_now(people, version)
    assert {p: len(m) for p, m in before.items()} == {"Z00001": 10, "Z00002": 20}
    assert sorted(pids_of(people, before["Z00001"]).values()) == list(range(0, 30, 3))
    assert pids_of(people, [b"?" * 16]) == {}
    register.withdraw("Z00001", "direct_care", **WHY)
    assert members_now(people, version) == {"Z00002": before["Z00002"]}
