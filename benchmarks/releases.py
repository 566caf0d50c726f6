"""A list of 5,000 patients: how long from the practice's decision to the first page with names, and how long its pages take with twenty at work.

    python benchmarks/releases.py HOME [--patients 5000] [--people 20] [--seconds 60] [--think 3.0] [--port 8766]

HOME is a synthetic system's folder, whose largest practice should have so many patients (the whole of Lincolnshire has: 821,163 people). It is
written into: use a copy. The script freezes a cohort, starts the key service and the site in processes of their own, asks for a list,
and lets the practice's manager allow it; that is the first figure. Then everybody goes from page to page of the list, with a pause to think:
another page of it, another order, a search for a name, one patient.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import requests

PASSWORD = "a bench mark of its own"
NUMBER = re.compile(r"\b\d{3} \d{3} \d{4}\b")


def main() -> None:
    """Prepare, serve, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path)
    parser.add_argument("--patients", type=int, default=5000)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, default=3.0)
    parser.add_argument("--port", type=int, default=8766)
    options = parser.parse_args()
    home = options.home.resolve()
    practice, cohort, patients = frozen(home, options.patients)
    release = asked(home, practice, cohort, patients)
    base = f"http://localhost:{options.port}"
    command = [sys.executable, "-m", "goldenthread"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    keys = subprocess.Popen([*command, "vault", "serve", "--home", str(home)], **quiet)
    site = subprocess.Popen(
        [*command, "serve", "--no-key-service", "--home", str(home), "--port", str(options.port)], **quiet
    )
    try:
        wait_for(base, site, home)
        names = accounts(home, practice, options.people)
        print(
            f"Practice {practice}: a list of {patients:,} patients; load of the machine {os.getloadavg()[0]:.1f}"
        )
        opened(base, names, practice, release)
        at_work(base, names, practice, release, options.seconds, options.think)
    finally:
        for one in (site, keys):
            one.terminate()
            one.wait(30)


def frozen(home: Path, most: int) -> tuple[str, str, int]:
    """The largest practice, a frozen cohort with up to so many of its patients, and how many they are."""
    import goldenthread

    with_ages = "age >= {}".format
    gt = goldenthread.open(home)
    rows = gt.population.groups("count(*) AS n", ["practice"], by="practice").to_pylist()
    practice = max((r for r in rows if r["practice"]), key=lambda r: r["n"])["practice"]
    counted = gt.population.groups(
        "count(*) AS n", ["age", "practice"], by="age", where=f"practice = '{practice}'"
    ).to_pylist()
    total, youngest = 0, 0
    for row in sorted(counted, key=lambda r: -int(r["age"])):
        if total + row["n"] > most:
            break
        total, youngest = total + row["n"], int(row["age"])
    version = gt.freeze(with_ages(youngest), "benchmark_of_lists")
    gt.close()
    return str(practice), version.id, total


def asked(home: Path, practice: str, cohort: str, people: int) -> str:
    """A list asked for; its number."""
    from goldenthread.governance import Releases

    return (
        Releases(home, date.today())
        .request(
            cohort=cohort, definition_hash="benchmark", people=people, title="Benchmark", reason="Measured", purpose="direct_care", practices=[practice],
            expires=date.today() + timedelta(days=30), worked_by="Everybody", by="benchmark", role="analyst",
        )
        .id
    )  # fmt: skip


def wait_for(base: str, site: subprocess.Popen[bytes], home: Path) -> None:
    """Wait until both answer."""
    for _ in range(600):
        assert site.poll() is None, "the server did not start"
        try:
            if requests.get(f"{base}/help/", timeout=5).ok and (home / "run" / "vault.sock").exists():
                return
        except requests.RequestException:
            pass
        time.sleep(0.2)
    raise SystemExit("the server did not answer")


def accounts(home: Path, practice: str, many: int) -> list[str]:
    """A manager and so many coordinators of the practice."""
    os.environ.update(GOLDENTHREAD_HOME=str(home), DJANGO_SETTINGS_MODULE="goldenthread.web.site.settings")
    import django

    django.setup()
    from goldenthread.web.accounts.models import Assignment, User

    names = []
    for number in range(many + 1):
        name, role = f"bench-{number}", "practice_manager" if number == 0 else "coordinator"
        user = User.objects.filter(username=name).first() or User.objects.create_user(
            name, PASSWORD, name=f"Bench {number}"
        )
        Assignment.objects.get_or_create(user=user, role=role, scope=f"practice-{practice}")
        names.append(name)
    return names


def signed_in(base: str, name: str) -> requests.Session:
    """Somebody's browser."""
    session = requests.Session()
    page = session.get(f"{base}/sign-in/", timeout=60).text
    form = {"csrfmiddlewaretoken": _mark(page), "username": name, "password": PASSWORD, "next": "/help/"}
    answer = session.post(f"{base}/sign-in/", data=form, headers={"Referer": base}, timeout=60)
    assert "/sign-in" not in answer.url, f"{name} could not sign in"
    return session


def _mark(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def opened(base: str, names: list[str], practice: str, release: str) -> None:
    """The manager allows the list; what is timed ends when the page with names has been read."""
    manager = signed_in(base, names[0])
    path = f"{base}/lists/practice-{practice}/{release}/decide/"
    began = time.perf_counter()
    page = manager.get(path, timeout=120).text
    print(f"  the page on which the practice decides, first opened  {time.perf_counter() - began:6.2f} s")
    began = time.perf_counter()
    form = {"csrfmiddlewaretoken": _mark(page), "verb": "approve", "reason": ""}
    answer = manager.post(path, data=form, headers={"Referer": base}, timeout=300)
    took = time.perf_counter() - began
    assert answer.url.endswith(f"/{release}/"), answer.text[:2000]
    assert NUMBER.search(answer.text), "no identity on the first page"
    print(f"  from the decision to the first page with names       {took:6.2f} s")


class Coordinator(threading.Thread):
    """One person who works the list until told to stop."""

    def __init__(self, base: str, name: str, where: str, seed: int, think: float) -> None:
        super().__init__(daemon=True)
        self.base, self.where, self.think = base, where, think
        self.random = random.Random(seed)
        self.session = signed_in(base, name)
        self.times: dict[str, list[float]] = defaultdict(list)
        self.failed: list[str] = []
        self.links: list[str] = []
        self.mark = ""
        self.stop = threading.Event()

    def open(self, kind: str, path: str, form: dict[str, str] | None = None) -> str:
        """Open a page, note how long it took, and read it to its end."""
        began = time.perf_counter()
        try:
            if form is None:
                answer = self.session.get(self.base + path, timeout=120)
            else:
                answer = self.session.post(
                    self.base + path, data=form, headers={"Referer": self.base}, timeout=120
                )
        except requests.RequestException as error:
            self.failed.append(f"{kind}: {type(error).__name__}")
            return ""
        self.times[kind].append(time.perf_counter() - began)
        if answer.status_code != 200 or not NUMBER.search(answer.text):
            self.failed.append(f"{kind}: {answer.status_code}")
        return answer.text

    def once(self) -> None:
        """The next thing this person does."""
        chance = self.random.random()
        if chance < 0.70 or not self.links:
            order = self.random.choice(["", "age", "due", "status"])
            page = self.open(
                "worklist", f"{self.where}?status=all&order={order}&page={self.random.randrange(1, 200)}"
            )
            self.links = re.findall(r'href="(/lists/[^"]+/person/[^"]+)"', page) or self.links
            self.mark = _mark(page) if page else self.mark
        elif chance < 0.85:
            self.open(
                "search",
                self.where,
                {"csrfmiddlewaretoken": self.mark, "search": self.random.choice(["smith", "jo", "999"])},
            )
        else:
            self.open("one patient", self.random.choice(self.links).replace("&amp;", "&"))

    def run(self) -> None:
        """Work until stopped."""
        while not self.stop.wait(self.random.expovariate(1 / self.think) if self.think else 0):
            self.once()


def at_work(base: str, names: list[str], practice: str, release: str, seconds: float, think: float) -> None:
    """Everybody at once."""
    where = f"/lists/practice-{practice}/{release}/"
    crowd = [Coordinator(base, n, where, k, think) for k, n in enumerate(names[1:])]
    for one in crowd:
        one.once()
        one.times.clear()
    for one in crowd:
        one.start()
    time.sleep(seconds)
    for one in crowd:
        one.stop.set()
    for one in crowd:
        one.join(130)
    print(
        f"  {len(crowd)} people at work for {seconds:.0f} s, {think:.1f} s to think; load {os.getloadavg()[0]:.1f}"
    )
    print(f"  {'page':<12} {'visits':>7} {'median':>9} {'19 in 20':>9} {'slowest':>9}")
    for kind in ("worklist", "search", "one patient"):
        times = sorted(t for one in crowd for t in one.times[kind])
        if times:
            p95 = times[min(len(times) - 1, int(0.95 * len(times)))]
            print(
                f"  {kind:<12} {len(times):>7} {1000 * statistics.median(times):>6.0f} ms {1000 * p95:>6.0f} ms {1000 * times[-1]:>6.0f} ms"
            )
    failed = [f for one in crowd for f in one.failed]
    print(f"  failed: {len(failed)} {sorted(set(failed))[:5] if failed else ''}")


if __name__ == "__main__":
    main()
