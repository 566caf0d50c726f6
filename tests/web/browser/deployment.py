"""A demonstration served as its keeper would serve it: the site and the key service as two processes that can be killed and moved in time."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

# the same program on another day: every clock that Python reads has moved, in the server and in what it starts
_ON_ANOTHER_DAY = """
import sys, datetime, time_machine
time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=float(sys.argv.pop(1)))).start()
from goldenthread.cli import main
main(sys.argv[1:])
"""


@dataclass
class Deployment:
    """A folder, the processes on it, and everything they said."""

    home: Path
    log: Path
    port: int = 0
    days: float = 0.0
    site: subprocess.Popen[bytes] | None = None
    keys: subprocess.Popen[bytes] | None = None
    _streams: list[IO[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where the site is."""
        return f"http://localhost:{self.port}"

    def password(self, username: str) -> str:
        """The password of one of the demonstration's people."""
        return str(json.loads((self.home / "web" / "demo-users.json").read_text())[username])

    def run(self, *words: str) -> str:
        """A command of the command line, to its end; what it said."""
        done = subprocess.run(self._command(*words), capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start_keys(self) -> None:
        """Start the key service and wait until it answers."""
        self.keys = self._start("vault", "serve")
        for _ in range(300):
            assert self.keys.poll() is None, self.said()
            with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self.home / "run" / "vault.sock"))
                return
            time.sleep(0.1)
        raise AssertionError("the key service did not start")

    def kill_keys(self) -> None:
        """As if the machine had lost its power."""
        assert self.keys is not None
        self.keys.send_signal(signal.SIGKILL)
        self.keys.wait(10)

    def start_site(self) -> None:
        """Start the site and wait until it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.site = self._start("serve", "--no-key-service", "--port", str(self.port))
        for _ in range(600):
            assert self.site.poll() is None, self.said()
            with suppress(OSError), urllib.request.urlopen(f"{self.address}/help/", timeout=5) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.2)
        raise AssertionError(self.said())

    def stop(self) -> None:
        """Stop both, in the ordinary way."""
        for one in (self.site, self.keys):
            if one is not None and one.poll() is None:
                one.terminate()
                with suppress(subprocess.TimeoutExpired):
                    one.wait(20)
                one.kill()
        for stream in self._streams:
            stream.close()
        self._streams.clear()

    def move(self, days: float) -> None:
        """Start both again on another day."""
        self.stop()
        self.days += days
        self.start_keys()
        self.start_site()

    def said(self) -> str:
        """Everything that was printed and logged."""
        return self.log.read_text("utf-8", "replace")

    def _command(self, *words: str) -> list[str]:
        moved = ["-c", _ON_ANOTHER_DAY, str(self.days)] if self.days else ["-m", "goldenthread"]
        return [sys.executable, *moved, *words, "--home", str(self.home)]

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        stream = self.log.open("ab")
        self._streams.append(stream)
        environment = {
            k: v for k, v in os.environ.items() if k not in ("GOLDENTHREAD_HOME", "DJANGO_SETTINGS_MODULE")
        }
        return subprocess.Popen(
            self._command(*words), stdout=stream, stderr=subprocess.STDOUT, env=environment
        )


def identities_on(deployment: Deployment, tokens: set[str]) -> list[dict[str, Any]]:
    """Who the people behind these tokens are: read from the vault with its key, as nobody but its keeper can."""
    import sqlite3

    from goldenthread.vault import Vault, load_keys

    folder = deployment.home / "vault"
    with closing(sqlite3.connect(deployment.home / "governance" / "releases.sqlite")) as db:
        rows = db.execute("SELECT token, pseudonym FROM token").fetchall()
    people = sorted({bytes(p) for t, p in rows if t in tokens})
    with Vault.open(folder, load_keys(folder)) as vault:
        return list(vault.identities(people).to_pylist())


NUMBER = re.compile(r"\b\d{3} \d{3} \d{4}\b")
