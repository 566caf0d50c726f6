"""The master key, the keys derived from it, and the keyed hashes (pseudonyms) they make."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NoReturn, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from goldenthread.vault.errors import KeyFileError
from goldenthread.vault.private_files import check_private, make_private_folder, write_private

KEY_FILE = "key"
NEXT_KEY_FILE = "key.next"
KEY_BYTES = 32
PSEUDONYM_BYTES = 16
PSEUDONYM = pa.binary(PSEUDONYM_BYTES)
ENVIRONMENT = "GOLDENTHREAD_KEY"

Strings: TypeAlias = pa.Array | pa.ChunkedArray | Sequence[str | None]


class Keys:
    """The keys of one deployment, derived from one master key of 32 random bytes.

    Subkeys come from HKDF-SHA256 (RFC 5869), one for each use, so that a household hash can never be
    compared with a pseudonym. Hashes are BLAKE2b-128 with a key (RFC 7693), the use in its ``person``
    field. The object shows its fingerprint and nothing else, and refuses to be pickled.

    >>> keys = Keys(bytes(32))
    >>> keys
    Keys(fingerprint='a934-94f4-21bd-7151')
    >>> keys.pseudonyms(["9990000018", None])[0].as_py().hex() == keys.pseudonym("9990000018").hex()
    True
    """

    __slots__ = ("_master", "_prototypes", "fingerprint", "sealer", "source")

    def __init__(self, master: bytes, source: str = "") -> None:
        if len(master) != KEY_BYTES:
            raise KeyFileError(
                f"The key has {len(master)} bytes; it must have {KEY_BYTES}.",
                "Restore the key from its backup, or make one with `goldenthread keys create`.",
            )
        self._master = _Secret(master)
        self._prototypes: dict[str, hashlib.blake2b] = {}
        self.sealer = AESGCM(self._derive("identity"))
        digest = self._derive("fingerprint")[:8].hex()
        self.fingerprint = "-".join(digest[at : at + 4] for at in range(0, 16, 4))
        self.source = source

    @classmethod
    def random(cls, source: str = "") -> Keys:
        """A new master key from the operating system's generator."""
        return cls(secrets.token_bytes(KEY_BYTES), source)

    @classmethod
    def from_text(cls, text: str, source: str) -> Keys:
        """Read a master key written as base64url (43 or 44 characters)."""
        stripped = text.strip()
        try:
            master = base64.b64decode(stripped + "=" * (-len(stripped) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise KeyFileError(
                f"{source} does not hold a key (base64url of {KEY_BYTES} bytes).",
                "Restore the key from its backup, or make one with `goldenthread keys create`.",
            ) from None
        return cls(master, source)

    def pseudonyms(self, values: Strings) -> pa.FixedSizeBinaryArray:
        """Pseudonyms of NHS numbers (10 digits, standard form), in order; null gives null.

        Raises ``ValueError`` where a value is not ten digits: hashing an unstandardised number would make
        a second person of the same patient. The message gives the count, never a value.
        """
        encoded = _encode(values)
        plain = encoded.dictionary
        regular = pc.match_substring_regex(plain, r"^[0-9]{10}$")
        irregular = len(plain) - (pc.sum(regular).as_py() or 0)
        if irregular:
            raise ValueError(f"{irregular} of {len(plain)} NHS numbers are not ten digits; standardise first")
        return self._hash_encoded(encoded, "pseudonym")

    def households(self, uprns: Strings) -> pa.FixedSizeBinaryArray:
        """Household pseudonyms: keyed hashes of UPRNs, in order; leading zeros do not count; null gives null."""
        encoded = _encode(uprns)
        trimmed = pc.utf8_ltrim(pc.utf8_trim_whitespace(encoded.dictionary), characters="0")
        return self._hash_encoded(pa.DictionaryArray.from_arrays(encoded.indices, trimmed), "household")

    def records(self, values: Strings, domain: str) -> pa.FixedSizeBinaryArray:
        """Keyed hashes of a sender's own identifiers (attendances, local patient numbers), in order.

        ``domain`` names whose numbers they are ("ecds", "gp/Z00001"): equal numbers in two domains
        give unrelated hashes.
        """
        return self._hash_encoded(_encode(values), f"record/{domain}")

    def pseudonym(self, nhs_number: str) -> bytes:
        """The pseudonym of one NHS number."""
        answer: bytes = self.pseudonyms([nhs_number])[0].as_py()
        return answer

    def digest(self, content: bytes) -> bytes:
        """A keyed fingerprint of an identity, so that the vault can tell whether it has changed."""
        return self.digests([content])[0]

    def digests(self, contents: Iterable[bytes]) -> list[bytes]:
        """``digest`` of each of many."""
        return _hashes(self._prototype("change"), contents)

    def same_key(self, other: Keys) -> bool:
        """Whether two sets of keys come from one master key (compared in constant time)."""
        return hmac.compare_digest(self._master.reveal(), other._master.reveal())

    def write(self, path: Path) -> None:
        """Write the master key to a file that its owner alone can read."""
        write_private(path, base64.urlsafe_b64encode(self._master.reveal()) + b"\n")

    def text(self) -> str:
        """The master key as base64url, for a key file, a secret store or an encrypted backup. Never log it."""
        return base64.urlsafe_b64encode(self._master.reveal()).decode("ascii")

    def _hash_encoded(self, encoded: pa.DictionaryArray, use: str) -> pa.FixedSizeBinaryArray:
        # Each distinct value is hashed once.
        digests = b"".join(_hashes(self._prototype(use), byte_values(encoded.dictionary)))
        size = len(encoded.dictionary)
        distinct = pa.FixedSizeBinaryArray.from_buffers(PSEUDONYM, size, [None, pa.py_buffer(digests)])
        return distinct.take(encoded.indices)

    def _prototype(self, use: str) -> hashlib.blake2b:
        if use not in self._prototypes:
            self._prototypes[use] = hashlib.blake2b(
                key=self._derive(use),
                digest_size=PSEUDONYM_BYTES,
                # 16 bytes at most: the subkey already separates uses, this is the second fence
                person=hashlib.blake2b(use.encode(), digest_size=16).digest(),
            )
        return self._prototypes[use]

    def _derive(self, use: str) -> bytes:
        info = f"goldenthread/1/{use}".encode()
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._master.reveal())

    def __repr__(self) -> str:
        return f"Keys(fingerprint={self.fingerprint!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys cannot be pickled: load them again where they are needed")


class _Secret:
    """Bytes that do not show themselves in a traceback, a log or a debugger's list of variables."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes) -> None:
        self._content = content

    def reveal(self) -> bytes:
        return self._content

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


def create_keys(vault_dir: Path) -> Keys:
    """Make a master key in ``vault_dir/key``; an existing key or vault is never replaced.

    Raises ``KeyFileError`` where there is a key already, or a vault that another key made.
    """
    make_private_folder(vault_dir)
    path = vault_dir / KEY_FILE
    if path.exists() or (vault_dir / NEXT_KEY_FILE).exists():
        raise KeyFileError(
            f"{path} holds a key already.", "Use it as it is, or change it with `goldenthread keys rotate`."
        )
    if (vault_dir / "vault.sqlite").exists():
        raise KeyFileError(
            f"{vault_dir} holds a vault but no key: a new key could not open it.",
            "Restore the key from its backup with `goldenthread keys restore`.",
        )
    keys = Keys.random(source=str(path))
    keys.write(path)
    return keys


def load_keys(vault_dir: Path, env: str = ENVIRONMENT) -> Keys:
    """The deployment's keys: from the environment variable ``env`` where set, else ``vault_dir/key``.

    An interrupted rotation is completed or undone first, so that the key returned is the one the vault is
    written with. Raises ``KeyFileError`` where there is no key, or the file could be read by others.
    """
    from goldenthread.vault.rotation import settle_rotation

    if text := os.environ.get(env):
        return Keys.from_text(text, source=f"The environment variable {env}")
    path = vault_dir / KEY_FILE
    if vault_dir.exists():
        check_private(vault_dir)
        settle_rotation(vault_dir)
    if not path.exists():
        raise KeyFileError(
            f"There is no key: {path} does not exist and {env} is not set.",
            "Make one with `goldenthread keys create`, or restore it with `goldenthread keys restore`.",
        )
    return read_key_file(path)


def read_key_file(path: Path) -> Keys:
    """Keys from one key file, after checking that its owner alone can read it."""
    check_private(path)
    try:
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        raise KeyFileError(
            f"{path} cannot be read as a key file.", "Restore the key with `goldenthread keys restore`."
        ) from None
    return Keys.from_text(text, source=str(path))


def _encode(values: Strings) -> pa.DictionaryArray:
    """Distinct values and where they occur, as one dictionary array of strings."""
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, pa.string())
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if not pa.types.is_string(array.type):
        array = array.cast(pa.string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
        if isinstance(array, pa.ChunkedArray):  # pyarrow keeps an empty or very long array chunked
            array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], pa.string())
    return array.dictionary_encode()


def _hashes(prototype: hashlib.blake2b, values: Iterable[bytes]) -> list[bytes]:
    # Copying a keyed prototype costs half of keying anew.
    copy, found = prototype.copy, []
    for value in values:
        hasher = copy()
        hasher.update(value)
        found.append(hasher.digest())
    return found


def byte_values(values: pa.Array | pa.ChunkedArray) -> list[bytes]:
    """The bytes of each value of a column of text or fixed-size bytes without nulls, cut from Arrow's buffer.

    >>> byte_values(pa.array(["one", "", "\u00e9"])[1:])
    [b'', b'\xc3\xa9']
    """
    if isinstance(values, pa.ChunkedArray):
        return [each for chunk in values.chunks for each in byte_values(chunk)]
    if values.null_count:
        raise ValueError(f"{values.null_count} of {len(values)} values are null")
    if pa.types.is_fixed_size_binary(values.type):
        width = values.type.byte_width
        ends = range(values.offset * width, (values.offset + len(values) + 1) * width, width)
    else:
        ends = pa.Array.from_buffers(
            pa.int32(), values.offset + len(values) + 1, [None, values.buffers()[1]]
        ).to_pylist()[values.offset :]
    content = values.buffers()[-1]
    first = ends[0] if content is not None else 0
    whole = content[first : ends[-1]].to_pybytes() if content is not None else b""
    return [whole[begin - first : end - first] for begin, end in pairwise(ends)]


def joined(values: pa.Array) -> bytes:
    """The bytes of all values of a column of fixed-size bytes without nulls, one after the other.

    >>> joined(pa.array([b"ab", b"cd", b"ef"], pa.binary(2))[1:])
    b'cdef'
    """
    if values.null_count:
        raise ValueError(f"{values.null_count} of {len(values)} values are null")
    width, content = values.type.byte_width, values.buffers()[-1]
    if content is None:
        return b""
    found: bytes = content[values.offset * width : (values.offset + len(values)) * width].to_pybytes()
    return found


def hexadecimal(hashes: pa.FixedSizeBinaryArray) -> pa.StringArray:
    """Hashes written in hexadecimal, null where null.

    >>> hexadecimal(pa.array([bytes(16), None], PSEUDONYM)).to_pylist()
    ['00000000000000000000000000000000', None]
    """
    written = joined(hashes.drop_null()).hex().encode()
    width = 2 * hashes.type.byte_width
    known = len(hashes) - hashes.null_count
    ends = pa.array(range(0, width * (known + 1), width), pa.int32())
    texts = pa.StringArray.from_buffers(known, ends.buffers()[1], pa.py_buffer(written))
    if known == len(hashes):
        return texts
    place = pc.subtract(pc.cumulative_sum(hashes.is_valid().cast(pa.int64())), 1)
    return texts.take(pc.if_else(hashes.is_valid(), place, pa.scalar(None, pa.int64())))


def whole_numbers(hashes: pa.FixedSizeBinaryArray) -> pa.Int64Array:
    """The first 63 bits of each hash as a whole number, null where null: for identifiers that stand on millions
    of rows. Among a million of one domain the odds that any two meet are 1 in 18 million.

    >>> whole_numbers(pa.array([bytes([255]) + bytes(15), None], PSEUDONYM)).to_pylist()
    [9187343239835811840, None]
    """
    known = joined(hashes.drop_null())
    width = hashes.type.byte_width // 8
    first = (np.frombuffer(known, ">u8")[::width] >> np.uint64(1)).astype(np.int64)
    valid = hashes.is_valid().to_numpy(zero_copy_only=False)
    numbers = np.zeros(len(hashes), np.int64)
    numbers[valid] = first
    return pa.array(numbers, mask=~valid)
