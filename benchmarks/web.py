"""Twenty people at work in the browser interface at once: how long a page takes, for half of them and for 19 in 20.

    python benchmarks/web.py HOME [--people 20] [--seconds 60] [--think 1.0] [--port 8765]

HOME is a synthetic system's folder (made by ``goldenthread demo``). The script starts `goldenthread serve` on it, signs in as people of
several roles, opens each page once (the first visitor after a refresh waits for figures to be worked out; that is printed apart), and then lets everybody
go from page to page with a pause to think. Pages' sizes are those before charts, uncompressed.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

import requests

ASKED = (
    "age >= {age} and hypertension", "age >= {age} and copd and not care_home", "diabetes and imd_quintile == 1 and age >= {age}",
    "age >= {age} and ed_attendances_12m >= 2", "age >= {age} and emergency_admissions_12m >= 1",
)  # fmt: skip
PAGES = {
    "home": "/", "profile": "/understand/{scope}/", "inequality": "/understand/{scope}/inequality/", "segments": "/understand/{scope}/segments/",
    "coding quality": "/understand/{scope}/coding/", "initiatives": "/initiatives/", "definitions": "/learn/definitions/", "data": "/learn/data/",
}  # fmt: skip


class Somebody(threading.Thread):
    """One person with a browser: signs in, then goes from page to page until told to stop."""

    def __init__(self, base: str, name: str, password: str, scope: str, seed: int, think: float) -> None:
        super().__init__(daemon=True)
        self.base, self.scope, self.think = base, scope, think
        self.random = random.Random(seed)
        self.session = requests.Session()
        self.times: dict[str, list[float]] = defaultdict(list)
        self.sizes: dict[str, int] = {}
        self.failed: list[str] = []
        self.stop = threading.Event()
        page = self.session.get(f"{base}/sign-in/", timeout=60).text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None
        form = {"csrfmiddlewaretoken": token[1], "username": name, "password": password, "next": "/"}
        answer = self.session.post(f"{base}/sign-in/", data=form, headers={"Referer": base}, timeout=60)
        assert "/sign-in" not in answer.url, f"{name} could not sign in"

    def open(self, kind: str, path: str) -> float:
        """Open a page, note how long it took, and read it to its end."""
        began = time.perf_counter()
        try:
            answer = self.session.get(self.base + path, timeout=120)
        except requests.RequestException as error:
            self.failed.append(f"{kind}: {type(error).__name__}")
            return 0.0
        took = time.perf_counter() - began
        if answer.status_code >= 500:
            self.failed.append(f"{kind}: {answer.status_code}")
        if answer.status_code == 200:
            self.times[kind].append(took)
            self.sizes[kind] = max(
                self.sizes.get(kind, 0), len(re.sub(r"<svg.*?</svg>", "", answer.text, flags=re.DOTALL))
            )
        return took

    def ask(self, age: int) -> float:
        """Ask one of the questions; how long it took."""
        asked = self.random.choice(ASKED).format(age=age)
        query = requests.compat.urlencode({"q": asked, "expression": asked})
        return self.open("ask", f"/ask/{self.scope}/?{query}")

    def once(self) -> None:
        """The next thing this person does."""
        if self.random.random() < 0.3:
            self.ask(self.random.randrange(40, 90))
        else:
            kind = self.random.choice(list(PAGES))
            self.open(kind, PAGES[kind].format(scope=self.scope))

    def run(self) -> None:
        """Work until stopped."""
        while not self.stop.wait(self.random.expovariate(1 / self.think) if self.think else 0):
            self.once()


def main() -> None:
    """Serve, warm, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, default=1.0)
    parser.add_argument("--port", type=int, default=8765)
    options = parser.parse_args()
    base = f"http://localhost:{options.port}"
    command = [
        sys.executable,
        "-m",
        "goldenthread",
        "serve",
        "--home",
        str(options.home),
        "--port",
        str(options.port),
    ]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        measure(base, accounts(server, options.home, base), options.people, options.seconds, options.think)
    finally:
        server.terminate()
        server.wait(30)


def accounts(server: subprocess.Popen[str], home: Path, base: str) -> list[tuple[str, str, str]]:
    """Names, passwords and scopes of the demonstration's people, once the server answers."""
    import json

    for _ in range(600):
        assert server.poll() is None, "the server did not start"
        try:
            if requests.get(f"{base}/help/", timeout=5).ok:
                break
        except requests.RequestException:
            time.sleep(0.2)
    kept = json.loads((home / "web" / "demo-users.json").read_text("utf-8"))
    passwords = kept if isinstance(kept, dict) else {one["username"]: one["password"] for one in kept}
    network, practice = scopes(base, passwords)
    where = {
        "analyst": "system",
        "commissioner": "system",
        "clinical-director": network,
        "facilitator": network,
        "clinician": practice,
        "practice-manager": practice,
    }
    return [(n, str(passwords[n]), s) for n, s in where.items() if n in passwords]


def scopes(base: str, passwords: dict[str, str]) -> tuple[str, str]:
    """A network and a practice that the demonstration's people look after."""
    found = []
    for name in ("clinical-director", "clinician"):
        somebody = Somebody(base, name, passwords[name], "system", 1, 1.0)
        text = somebody.session.get(f"{base}/scope/?next=/understand/system/", timeout=60).text
        match = re.search(r"/understand/((?:pcn|practice)-[A-Z0-9]+)/", text)
        assert match is not None
        found.append(match[1])
    return found[0], found[1]


def measure(base: str, people: list[tuple[str, str, str]], many: int, seconds: float, think: float) -> None:
    """First visits, then everybody at once."""
    crowd = [Somebody(base, *people[n % len(people)], seed=n, think=think) for n in range(many)]
    print("First visit after a start (figures are worked out, then kept)")
    for name, _, scope in people[:1] + people[2:3]:
        first = next(s for s in crowd if s.scope == scope)
        for kind, path in PAGES.items():
            print(f"  {name:<20} {kind:<16} {first.open(kind, path.format(scope=scope)):6.2f} s")
        print(f"  {name:<20} {'ask':<16} {first.ask(39):6.2f} s")
    for other in {s.scope: s for s in crowd}.values():
        for kind, path in PAGES.items():
            other.open(kind, path.format(scope=other.scope))
        other.ask(39)
    for somebody in crowd:
        somebody.times.clear()
        somebody.start()
    time.sleep(seconds)
    for somebody in crowd:
        somebody.stop.set()
    for somebody in crowd:
        somebody.join(130)
    print(f"\n{many} people at work for {seconds:.0f} s, {think:.1f} s to think")
    print(f"  {'page':<16} {'visits':>7} {'median':>9} {'19 in 20':>9} {'slowest':>9} {'kB':>6}")
    everything: list[float] = []
    for kind in ("ask", *PAGES):
        times = sorted(t for s in crowd for t in s.times[kind])
        if not times:
            continue
        if kind != "ask":
            everything += times
        p95 = times[min(len(times) - 1, int(0.95 * len(times)))]
        size = max(s.sizes.get(kind, 0) for s in crowd) / 1000
        print(
            f"  {kind:<16} {len(times):>7} {1000 * statistics.median(times):>6.0f} ms {1000 * p95:>6.0f} ms {1000 * times[-1]:>6.0f} ms {size:>6.0f}"
        )
    everything.sort()
    if everything:
        print(f"  all pages but ask: 19 in 20 within {1000 * everything[int(0.95 * len(everything))]:.0f} ms")
    failed = [f for s in crowd for f in s.failed]
    print(f"  failed: {len(failed)} {sorted(set(failed))[:5] if failed else ''}")


if __name__ == "__main__":
    main()
