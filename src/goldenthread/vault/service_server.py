"""The key service as a process of its own, reachable over a Unix socket by one user account."""

from __future__ import annotations

import os
import signal
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from goldenthread.vault.errors import VaultError
from goldenthread.vault.protocol import KeyServiceError, receive, send, short_path
from goldenthread.vault.service import KeyService

SOCKET = Path("run") / "vault.sock"
_SECONDS = 30


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64
    service: KeyService
    users: frozenset[int]


class _Handler(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    def handle(self) -> None:
        self.request.settimeout(_SECONDS)
        try:
            user = _peer(self.request)
            if user not in self.server.users:
                self.server.service.record.log("", f"user {user}", "", 0, 0, "peer")
                send(
                    self.request,
                    {"ok": False, "code": "peer", "message": "This user may not ask.", "remedy": ""},
                )
                return
            send(self.request, self.server.service.answer(receive(self.request), f"user {user}"))
        except KeyServiceError as error:
            self._try({"ok": False, "code": error.code, "message": error.message, "remedy": error.remedy})
        except VaultError as error:
            self._try({"ok": False, "code": "vault", "message": error.message, "remedy": error.remedy})
        except OSError:  # the other side went away
            return
        except Exception as error:  # noqa: BLE001 - a traceback could show what was being read
            sys.stderr.write(f"The key service failed: {type(error).__name__}\n")
            self._try({"ok": False, "code": "failed", "message": "The key service failed.", "remedy": ""})

    def _try(self, content: dict[str, object]) -> None:
        try:
            send(self.request, content)
        except OSError:
            return


def check_socket(path: Path) -> None:
    """``VaultError`` where something else stands that a socket would replace."""
    if path.exists() and not path.is_socket():
        raise VaultError(f"{path} is there already, and is no socket.", "Choose another place with --socket.")


def serve(
    service: KeyService,
    path: Path,
    *,
    users: Iterable[int] = (),
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Answer until SIGTERM or SIGINT. ``users`` are user ids, beside this one, that may connect.

    Raises ``VaultError`` where another key service runs on this vault, or the system cannot tell who connects.
    """
    if not hasattr(socket, "SO_PEERCRED"):
        raise VaultError(
            "This system cannot say which user connects to a Unix socket.", "Run the key service on Linux."
        )
    allowed = frozenset({os.geteuid(), *users})
    check_socket(path)
    lock = _only_one(service.vault_dir)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # what a killed service left: the lock says that none runs
    before = os.umask(0o177)
    try:
        with short_path(path) as name:
            server = _Server(name, _Handler)
    except OSError as error:
        raise VaultError(
            f"The socket {path} cannot be made: {error.strerror}.", "Choose another place with --socket."
        ) from None
    finally:
        os.umask(before)
    if len(allowed) > 1:
        path.chmod(0o666)  # who connects is checked by the kernel's word, below the level of file modes
    server.service, server.users = service, allowed
    if threading.current_thread() is threading.main_thread():
        for kind in (signal.SIGTERM, signal.SIGINT):
            signal.signal(kind, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    try:
        service.check()
        service.record.forget_expired(service.clock())
        ready()
        server.serve_forever(poll_interval=0.2)
    finally:
        server.server_close()
        path.unlink(missing_ok=True)
        os.close(lock)


def _only_one(vault_dir: Path) -> int:
    """A lock that lasts as long as the process, however it ends."""
    import fcntl  # not on every system, and the rest of the room is

    descriptor = os.open(vault_dir / "service.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise VaultError(
            f"A key service runs on {vault_dir} already.", "Stop it first, or use the one that runs."
        ) from None
    return descriptor


def _peer(connection: socket.socket) -> int:
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", raw)
    return int(user)
