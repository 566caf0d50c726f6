"""A PostgreSQL server for one test: the system's own programs, in a folder that is thrown away, on a socket only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "golden"


def programs() -> Path | None:
    """Folder of the newest server on this machine; ``None`` where there is none."""
    found = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if found:
        return max(found, key=lambda p: float(p.parent.name))
    on_path = shutil.which("postgres")
    return Path(on_path).parent if on_path else None


@contextmanager
def server() -> Iterator[str]:
    """The address of a fresh, empty database, as ``GOLDENTHREAD_DATABASE`` takes it."""
    folder = programs()
    assert folder is not None
    # a socket's path may have no more than about a hundred characters
    root = Path(tempfile.mkdtemp(prefix="gtpg-", dir="/tmp"))
    as_owner: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        owner = pwd.getpwnam("postgres")
        os.chown(root, owner.pw_uid, owner.pw_gid)
        as_owner = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]

    def run(program: str, *words: str) -> None:
        done = subprocess.run(
            [*as_owner, str(folder / program), *words],
            cwd=root, capture_output=True, text=True, timeout=60, env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
        )  # fmt: skip
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

    data = str(root / "data")
    try:
        run("initdb", "-D", data, "-U", USER, "--auth=trust", "--no-sync", "--encoding=UTF8")
        options = f"-c listen_addresses='' -c unix_socket_directories='{root}' -c fsync=off"
        run("pg_ctl", "-D", data, "-w", "-s", "-l", str(root / "log"), "-o", options, "start")
        try:
            run("createdb", "-h", str(root), "-U", USER, "web")
            yield f"postgresql://{USER}@/web?host={root}"
        finally:
            run("pg_ctl", "-D", data, "-w", "-s", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(root, ignore_errors=True)
