"""What the release application and the key service say to one another: signed, and without a key of the vault."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from goldenthread.vault.errors import VaultError
from goldenthread.vault.private_files import check_private, make_private_folder, write_private

LONGEST_MESSAGE: Final = 32 * 1024 * 1024
SIGNING_KEY, PUBLIC_KEY = "signing.key", "signing.pub"
_LENGTH = struct.Struct(">I")
_DOMAIN = b"goldenthread release 1\n"


class KeyServiceError(VaultError):
    """The key service did not answer, or refused. ``code`` says which rule."""

    def __init__(self, message: str, remedy: str = "", code: str = "refused") -> None:
        super().__init__(message, remedy)
        self.code = code


class KeyServiceDown(KeyServiceError):  # noqa: N818
    """The key service does not answer: work goes on without identities."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy, "down")


@dataclass(frozen=True)
class Approval:
    """What was approved: these people (by the digest of their pseudonyms), one practice, until a moment. Times are ISO 8601, UTC."""

    release: str
    practice: str
    purpose: str
    members_sha256: str
    members: int
    requested_by: str
    approved_by: str
    approved_at: str
    expires_at: str

    def expired(self, now: datetime) -> bool:
        """Whether it no longer holds."""
        return datetime.fromisoformat(self.expires_at) <= now


def digest_of(pseudonyms: Iterable[bytes]) -> str:
    """SHA-256 over pseudonyms in rising order: which people, in whatever order they are named.

    >>> digest_of([b"b" * 16, b"a" * 16]) == digest_of([b"a" * 16, b"b" * 16])
    True
    """
    return hashlib.sha256(b"".join(sorted(pseudonyms))).hexdigest()


class Signer:
    """The key by which the release application signs what was approved. It opens no identity."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def random(cls) -> Signer:
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def in_folder(cls, folder: Path) -> Signer:
        """The key kept in a folder (mode 0600, its public half beside it); made at first use."""
        path = folder / SIGNING_KEY
        if not path.exists():
            make_private_folder(folder)
            made = Ed25519PrivateKey.generate()
            write_private(
                folder / PUBLIC_KEY,
                made.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex().encode(),
            )
            write_private(
                path, made.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()).hex().encode()
            )
        check_private(path)
        try:
            return cls(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text("ascii").strip())))
        except (ValueError, OSError):
            raise VaultError(
                f"{path} is not a signing key.",
                "Remove it: another is made, and `goldenthread vault trust` tells the key service about it.",
            ) from None

    @property
    def public(self) -> bytes:
        """The public half, which the key service trusts."""
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, content: Mapping[str, Any]) -> str:
        """A signature over a document."""
        return base64.b64encode(self._private.sign(_canonical(content))).decode()

    def request(self, do: str, **content: Any) -> dict[str, Any]:
        """A signed request: what to do, with a moment and a number that is used once."""
        body = {"do": do, "at": datetime.now(UTC).isoformat(), "once": secrets.token_hex(16), **content}
        return {"body": body, "signature": self.sign(body)}


def signed_by(public: bytes, content: Mapping[str, Any], signature: object) -> bool:
    """Whether a document was signed by the holder of the other half."""
    try:
        raw = base64.b64decode(str(signature), validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(raw, _canonical(content))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def approval_from(content: object) -> Approval:
    """The approval in a message; ``KeyServiceError`` where it is not complete."""
    try:
        if not isinstance(content, dict):
            raise TypeError
        made = Approval(**content)
        texts = [v for k, v in asdict(made).items() if k != "members"]
        if not all(isinstance(v, str) and 0 < len(v) <= 300 for v in texts) or type(made.members) is not int:
            raise TypeError
        for moment in (made.approved_at, made.expires_at):
            if datetime.fromisoformat(moment).tzinfo is None:
                raise ValueError
    except (TypeError, ValueError):
        raise KeyServiceError("The approval is not complete.", code="malformed") from None
    return made


def _canonical(content: Mapping[str, Any]) -> bytes:
    return _DOMAIN + json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode(
        "ascii"
    )


# -- over the socket


def send(connection: socket.socket, content: Mapping[str, Any]) -> None:
    """Send one message."""
    raw = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    connection.sendall(_LENGTH.pack(len(raw)) + raw)


def receive(connection: socket.socket) -> dict[str, Any]:
    """Read one message; ``KeyServiceError`` for one that is cut off, too long or not JSON."""
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    if length > LONGEST_MESSAGE:
        raise KeyServiceError("The message is too long.", code="malformed")
    try:
        content = json.loads(_exactly(connection, length))
    except ValueError:
        raise KeyServiceError("The message is not JSON.", code="malformed") from None
    if not isinstance(content, dict):
        raise KeyServiceError("The message is not an object.", code="malformed")
    return content


def _exactly(connection: socket.socket, length: int) -> bytes:
    found = bytearray()
    while len(found) < length:
        part = connection.recv(min(length - len(found), 1 << 20))
        if not part:
            raise KeyServiceError("The message was cut off.", code="malformed")
        found += part
    return bytes(found)


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """A name for a socket that fits the 108 bytes which Unix allows, however deep its folder lies."""
    if len(os.fsencode(path)) < 100:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
