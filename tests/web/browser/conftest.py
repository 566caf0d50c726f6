"""The real server, and people using it in a real Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.web.conftest import PASSWORD, make_user

# playwright runs an event loop in this thread; the tests' own few queries do not mind
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

ARTEFACTS = Path(os.environ.get("GOLDENTHREAD_ARTEFACTS", Path(__file__).resolve().parents[3] / ".artefacts"))
WIDE, PHONE, NARROWEST = 1280, 390, 320


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or the one that playwright has installed."""
    found = next(
        (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
    )
    with sync_playwright() as playwright:
        yield (
            browser := playwright.chromium.launch(
                executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            )
        )
        with suppress(Exception):
            browser.close()


@pytest.fixture(scope="module")
def server(home: Path, tables: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`goldenthread serve` in a process of its own, with its key service, of which a home has but one; its address."""
    from django.db import connections

    with serving(home, tmp_path_factory.mktemp("server") / "log") as address:
        yield address
        connections.close_all()  # the server is the last to leave its database, and tidies up


@contextmanager
def serving(home: Path, log: Path) -> Iterator[str]:
    """Serve a home until the end of the block; the server's address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "goldenthread", "serve", "--home", str(home), "--port", str(port)]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    address = f"http://localhost:{port}"
    try:
        for _ in range(300):
            assert process.poll() is None, log.read_text()
            with suppress(OSError):
                with urllib.request.urlopen(f"{address}/help/", timeout=5) as answer:
                    if answer.status == 200:
                        break
            time.sleep(0.4)
        else:
            raise AssertionError(f"the server did not start: {log.read_text()}")
        yield address
    finally:
        process.terminate()
        process.wait(20)


@dataclass
class Visit:
    """Somebody's browser: goes to pages, and collects what the browser complains of."""

    address: str
    page: Page
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Any:
        """Open a page of the site."""
        return self.page.goto(self.address + path)

    def shows(self, text: str) -> bool:
        """Whether the page says something."""
        return text in self.page.inner_text("body")

    def keep(self, name: str) -> None:
        """Keep a picture of the whole page, wide and as on a phone."""
        ARTEFACTS.mkdir(exist_ok=True)
        size = self.page.viewport_size
        for width in (WIDE, PHONE):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.screenshot(path=ARTEFACTS / f"{name}-{width}.png", full_page=True)
        if size:
            self.page.set_viewport_size(size)

    def overflows(self) -> bool:
        """Whether the page is wider than the window."""
        return bool(
            self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        )

    def barriers(self) -> list[str]:
        """What axe finds, level A and AA of WCAG 2.2 and its best practices."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [f"{v['id']}: {v['nodes'][0]['html'][:150]}" for v in found]


Visitor = Callable[..., Visit]


def signed_in(address: str, context: BrowserContext, username: str, password: str) -> Visit:
    """Somebody's browser, signed in through the form."""
    page = context.new_page()
    seen = Visit(address, page)
    page.on("console", lambda m: seen.complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: seen.complaints.append(str(e)))
    seen.go("/sign-in/")
    page.fill("#username", username)
    page.fill("#password", password)
    page.click("main button[type=submit]")
    assert "/sign-in/" not in page.url, page.inner_text("main")
    return seen


@pytest.fixture
def visitor(server: str, chromium: Browser) -> Iterator[Visitor]:
    """Sign somebody in through the form and hand over their browser."""
    opened: list[BrowserContext] = []

    def visit(
        role: str, scope: str | None = None, *, scripts: bool = True, width: int = WIDE, **options: Any
    ) -> Visit:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=scripts, **options
        )
        opened.append(context)
        context.set_default_timeout(60_000)
        user = make_user(role, scope, name=f"{role.replace('_', '-')}-{time.time_ns()}")
        return signed_in(server, context, user.username, PASSWORD)

    yield visit
    for context in opened:
        context.close()
