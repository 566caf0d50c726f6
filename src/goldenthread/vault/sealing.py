"""One identity as one sealed row: JSON, padded, AES-256-GCM, bound to its pseudonym.

A sealed row is nonce (12 bytes, random) + ciphertext + tag (16 bytes). The pseudonym and the version of this
form are associated data, so a row copied onto another person's pseudonym does not open.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from cryptography.exceptions import InvalidTag

from goldenthread.vault.errors import VaultError
from goldenthread.vault.keys import PSEUDONYM, Keys, byte_values

VERSION = 1
NONCE_BYTES = 12
PAD = 64  # lengths of names and addresses do not show in the file

# Order is the form on disk: new columns go at the end, and none is ever taken out.
IDENTITY_SCHEMA = pa.schema(
    [
        pa.field("pseudonym", PSEUDONYM, nullable=False),
        pa.field("nhs_number", pa.string()),
        pa.field("family_name", pa.string()),
        pa.field("given_name", pa.string()),
        pa.field("birth_date", pa.date32()),
        pa.field("sex", pa.string()),
        pa.field("address_line_1", pa.string()),
        pa.field("address_line_2", pa.string()),
        pa.field("postcode", pa.string()),
        pa.field("uprn", pa.string()),
        pa.field("telephone", pa.string()),
        pa.field("email", pa.string()),
        pa.field("sensitive", pa.bool_()),
        pa.field("practice", pa.string()),
        pa.field("updated", pa.date32()),
        pa.field("local_identifier", pa.string()),
    ]
)
SEALED_COLUMNS = IDENTITY_SCHEMA.names[1:]
_ESCAPED = r'[\x00-\x1f\\"]'  # what JSON does not allow within quotation marks
_UPDATED = SEALED_COLUMNS.index("updated")


def conform(identities: pa.Table) -> pa.Table:
    """The table with the vault's columns and types; columns it does not have become null.

    Raises ``VaultError`` for an unknown column, a null pseudonym or a type that does not fit.
    """
    if unknown := sorted(set(identities.column_names) - set(IDENTITY_SCHEMA.names)):
        raise VaultError(
            f"The vault has no column {unknown[0]!r}.", f"Its columns: {', '.join(IDENTITY_SCHEMA.names)}."
        )
    if "pseudonym" not in identities.column_names or identities["pseudonym"].null_count:
        raise VaultError("An identity has no pseudonym.", "Give one to every row before storing.")
    columns = []
    for field in IDENTITY_SCHEMA:
        if field.name not in identities.column_names:
            columns.append(pa.nulls(identities.num_rows, field.type))
            continue
        try:
            columns.append(identities[field.name].cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            # Arrow's message quotes the offending value, which may be an identifier.
            raise VaultError(
                f"The column {field.name!r} ({identities[field.name].type}) does not fit {field.type}.",
                "Convert it before storing.",
            ) from None
    return pa.table(columns, schema=IDENTITY_SCHEMA)


def plain_rows(identities: pa.Table) -> Iterator[tuple[bytes, bytes, bytes]]:
    """(pseudonym, text to seal, text to compare) of each row of a table that conforms.

    The text to compare leaves out ``updated``: an identity read again unchanged is not rewritten.
    """
    columns = [_json(identities[name]) for name in SEALED_COLUMNS if name != "updated"]
    compared = byte_values(pc.binary_join_element_wise("[", _joined(columns), "]", ""))
    days = byte_values(identities["updated"].cast(pa.string()).fill_null(""))
    for pseudonym, day, text in zip(byte_values(identities["pseudonym"]), days, compared, strict=True):
        sealed = b'["%s",%s]' % (day, text)
        yield pseudonym, sealed + b" " * (-len(sealed) % PAD), text


def _json(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Each value of a column as JSON: what ``json.dumps`` makes of it, for a whole column at once."""
    if pa.types.is_boolean(values.type):
        return pc.if_else(values, "true", "false").fill_null("null")
    texts = values.cast(pa.string())
    quoted = pc.binary_join_element_wise('"', texts, '"', "")
    special = pc.fill_null(pc.match_substring_regex(texts, _ESCAPED), False)
    if pc.any(special).as_py():
        escaped = [json.dumps(text, ensure_ascii=False) for text in texts.filter(special).to_pylist()]
        quoted = pc.replace_with_mask(quoted.combine_chunks(), special.combine_chunks(), pa.array(escaped))
    return quoted.fill_null("null")


def _joined(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*columns, ",")


def seal(keys: Keys, pseudonym: bytes, text: bytes) -> bytes:
    """Encrypt one row's text for one pseudonym."""
    return seal_all(keys, [pseudonym], [text])[0]


def seal_all(keys: Keys, pseudonyms: Sequence[bytes], texts: Sequence[bytes]) -> list[bytes]:
    """Encrypt the text of each row for its pseudonym, each with a random nonce of its own."""
    random = secrets.token_bytes(NONCE_BYTES * len(texts))
    nonces = [random[at : at + NONCE_BYTES] for at in range(0, len(random), NONCE_BYTES)]
    encrypt, bound = keys.sealer.encrypt, _bind(b"")
    return [
        nonce + encrypt(nonce, text, bound + pseudonym)
        for nonce, text, pseudonym in zip(nonces, texts, pseudonyms, strict=True)
    ]


def unseal(keys: Keys, pseudonym: bytes, sealed: bytes) -> list[Any]:
    """The values of one sealed row, in the order of ``SEALED_COLUMNS``.

    Raises ``VaultError`` where the row was altered, moved to another pseudonym or sealed with another key.
    """
    try:
        text = keys.sealer.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bind(pseudonym))
    except (InvalidTag, ValueError):
        raise VaultError(
            "A row of the vault does not open: it has been altered or damaged.",
            "Restore the vault from its backup, or rebuild it from the feeds with `goldenthread refresh`.",
        ) from None
    updated: str
    values: list[Any]
    updated, values = json.loads(text)
    values.insert(_UPDATED, updated or None)
    values += [None] * (len(SEALED_COLUMNS) - len(values))  # rows sealed before a column existed
    return values


def identities_batch(keys: Keys, rows: list[tuple[bytes, bytes]], columns: list[str]) -> pa.RecordBatch:
    """Open ``(pseudonym, sealed)`` rows into a batch of the pseudonym and ``columns``."""
    opened = [unseal(keys, pseudonym, sealed) for pseudonym, sealed in rows]
    arrays = [pa.array([pseudonym for pseudonym, _ in rows], PSEUDONYM)]
    for name in columns:
        at = SEALED_COLUMNS.index(name)
        field = IDENTITY_SCHEMA.field(name)
        values = [row[at] for row in opened]
        if pa.types.is_date(field.type):
            values = [None if value is None else dt.date.fromisoformat(value) for value in values]
        arrays.append(pa.array(values, field.type))
    return pa.record_batch(arrays, names=["pseudonym", *columns])


def _bind(pseudonym: bytes) -> bytes:
    return VERSION.to_bytes(2, "big") + pseudonym
