"""Keys: made, kept to their owner, derived per use, and never shown."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import logging
import pickle
import traceback
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.vault import (
    ENVIRONMENT,
    KEY_FILE,
    KeyFileError,
    Keys,
    VaultError,
    back_up_key,
    create_keys,
    load_keys,
    open_backup,
    restore_key,
)
from goldenthread.vault import backup as backup_module

MASTER = bytes(range(32))
PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)


@pytest.fixture
def cheap_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_module, "_COST", {"n": 2**10, "r": 8, "p": 1})


def hkdf(master: bytes, info: bytes) -> bytes:
    """RFC 5869 with SHA-256, no salt, one block: written from the formula, to check the library's use."""
    extracted = hmac.new(bytes(32), master, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


def test_a_pseudonym_is_the_published_construction() -> None:
    """BLAKE2b-128 under a subkey from HKDF-SHA256: changing this would orphan every pseudonym in use."""
    expected = hashlib.blake2b(
        b"9990000018",
        digest_size=16,
        key=hkdf(MASTER, b"goldenthread/1/pseudonym"),
        person=hashlib.blake2b(b"pseudonym", digest_size=16).digest(),
    ).digest()
    assert Keys(MASTER).pseudonym("9990000018") == expected


def test_created_keys_load_again_and_only_their_owner_may_read_them(folder: Path) -> None:
    made = create_keys(folder)
    assert load_keys(folder).same_key(made)
    assert (folder / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_an_existing_key_is_never_replaced(folder: Path) -> None:
    made = create_keys(folder)
    with pytest.raises(KeyFileError, match="holds a key already"):
        create_keys(folder)
    assert load_keys(folder).same_key(made)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o620])
def test_a_key_file_that_others_may_read_is_refused(folder: Path, mode: int) -> None:
    create_keys(folder)
    (folder / KEY_FILE).chmod(mode)
    with pytest.raises(VaultError, match=f"mode {mode:04o}") as caught:
        load_keys(folder)
    assert caught.value.remedy == f"Close it: chmod 600 {folder / KEY_FILE}"


def test_an_open_folder_is_refused(folder: Path) -> None:
    create_keys(folder)
    folder.chmod(0o755)
    with pytest.raises(VaultError, match="chmod 700"):
        load_keys(folder)


def test_the_environment_comes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_keys(folder)
    for text in (
        base64.urlsafe_b64encode(MASTER).decode(),
        base64.urlsafe_b64encode(MASTER).decode().rstrip("="),
    ):
        monkeypatch.setenv(ENVIRONMENT, text)
        assert load_keys(folder).same_key(Keys(MASTER))


def test_no_key_says_what_to_do(folder: Path) -> None:
    with pytest.raises(KeyFileError, match="goldenthread keys create"):
        load_keys(folder)


@pytest.mark.parametrize(
    "content", [b"", b"short", b"!" * 43, b"\xff" * 43, base64.b64encode(bytes(31)), b"A" * 200]
)
def test_a_damaged_key_file_is_refused_without_showing_it(folder: Path, content: bytes) -> None:
    create_keys(folder)
    (folder / KEY_FILE).write_bytes(content)
    with pytest.raises(KeyFileError) as caught:
        load_keys(folder)
    if len(content) > 20:
        assert content.decode("latin-1") not in "".join(traceback.format_exception(caught.value))


def test_uses_are_separate() -> None:
    keys = Keys(MASTER)
    same = ["9990000018"]
    answers = {
        keys.pseudonyms(same)[0].as_py(),
        keys.households(same)[0].as_py(),
        keys.records(same, "ecds")[0].as_py(),
        keys.records(same, "apc")[0].as_py(),
        Keys(bytes(32)).pseudonyms(same)[0].as_py(),
    }
    assert len(answers) == 5


def test_households_ignore_leading_zeros_of_a_uprn() -> None:
    one, two, three = (
        Keys(MASTER).households(["100023336956", "000100023336956", " 100023336956 "]).to_pylist()
    )
    assert one == two == three


@given(st.lists(st.one_of(st.none(), st.text(max_size=8)), max_size=40))
def test_order_nulls_and_repeats_are_kept(values: list[str | None]) -> None:
    keys = Keys(MASTER)
    hashed = keys.records(values, "x").to_pylist()
    assert [each is None for each in hashed] == [each is None for each in values]
    assert len({each for each in hashed if each}) == len({each for each in values if each is not None})
    halves = pa.chunked_array([pa.array(values[:3], pa.string()), pa.array(values[3:], pa.string())])
    assert keys.records(halves, "x").to_pylist() == hashed


def test_empty_columns_of_every_kind() -> None:
    keys = Keys(MASTER)
    for empty in (
        [],
        pa.array([], pa.string()),
        pa.chunked_array([], pa.string()),
        pa.array([], pa.large_string()),
    ):
        assert len(keys.pseudonyms(empty)) == 0
    assert keys.pseudonyms([None, None]).null_count == 2


def test_a_number_not_in_standard_form_is_refused_without_showing_it() -> None:
    with pytest.raises(ValueError, match="1 of 2") as caught:
        Keys(MASTER).pseudonyms(["9990000018", "999 000 0026"])
    assert "0026" not in str(caught.value)


def test_dictionary_columns_hash_as_their_values() -> None:
    plain = pa.array(["a", "b", "a", None])
    keys = Keys(MASTER)
    assert keys.records(plain.dictionary_encode(), "x").equals(keys.records(plain, "x"))


def test_keys_never_show_themselves(caplog: pytest.LogCaptureFixture) -> None:
    keys = Keys(MASTER)
    secrets = [MASTER.hex(), keys.text(), keys.text().rstrip("="), repr(MASTER)]
    secrets += [
        hkdf(MASTER, f"goldenthread/1/{use}".encode()).hex() for use in ("pseudonym", "identity", "household")
    ]
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("goldenthread").error("%s %r", keys, keys)
    shown = [
        repr(keys),
        str(keys),
        f"{keys}",
        caplog.text,
        repr([getattr(keys, name) for name in Keys.__slots__]),
    ]
    try:
        keys.pseudonyms(["wrong"])
    except ValueError as error:
        inside = error.__traceback__.tb_next  # type: ignore[union-attr]  # this test's own variables hold the secrets
        shown += traceback.TracebackException(ValueError, error, inside, capture_locals=True).format()
    for text in shown:
        assert not any(secret in text for secret in secrets)
    assert repr(keys) == f"Keys(fingerprint={keys.fingerprint!r})"


@pytest.mark.parametrize("copying", [pickle.dumps, copy.copy, copy.deepcopy])
def test_keys_cannot_be_pickled_or_copied(copying: object) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        copying(Keys(MASTER))  # type: ignore[operator]


def test_guessing_a_passphrase_is_dear(tmp_path: Path) -> None:
    """OWASP's figures for scrypt: 2^17 blocks of 1 kB each time."""
    back_up_key(Keys(MASTER), PASSPHRASE, tmp_path / "backup.json")
    assert '"n": 131072' in (tmp_path / "backup.json").read_text()
    assert open_backup(tmp_path / "backup.json", PASSPHRASE).same_key(Keys(MASTER))


@pytest.mark.usefixtures("cheap_passphrase")
def test_a_backup_restores_the_key(folder: Path, tmp_path: Path) -> None:
    keys = create_keys(folder)
    backup = tmp_path / "backup.json"
    back_up_key(keys, PASSPHRASE, backup)
    assert backup.stat().st_mode & 0o777 == 0o600
    assert keys.text().rstrip("=\n") not in backup.read_text()
    assert restore_key(backup, PASSPHRASE, tmp_path / "elsewhere").same_key(keys)
    assert load_keys(tmp_path / "elsewhere").same_key(keys)


@pytest.mark.usefixtures("cheap_passphrase")
def test_backups_refuse_bad_passphrases_and_damage(tmp_path: Path) -> None:
    keys = Keys(MASTER)
    backup = tmp_path / "backup.json"
    with pytest.raises(KeyFileError, match="too short"):
        back_up_key(keys, "password", backup)
    back_up_key(keys, PASSPHRASE, backup)
    with pytest.raises(KeyFileError, match="exists already"):
        back_up_key(keys, PASSPHRASE, backup)
    with pytest.raises(KeyFileError, match="does not open with this passphrase"):
        open_backup(backup, PASSPHRASE + ".")
    whole = backup.read_text()
    for damage in ("", "{}", whole[:-40], whole.replace('"n": 1024', '"n": 1099511627776'), "[1]", "\x00"):
        backup.write_text(damage)
        with pytest.raises(KeyFileError, match="not a backup"):
            open_backup(backup, PASSPHRASE)


@pytest.mark.usefixtures("cheap_passphrase")
def test_restoring_never_replaces_a_key(folder: Path, tmp_path: Path) -> None:
    keys = create_keys(folder)
    backup = tmp_path / "backup.json"
    back_up_key(Keys(MASTER), PASSPHRASE, backup)
    with pytest.raises(KeyFileError, match="not replaced"):
        restore_key(backup, PASSPHRASE, folder)
    assert load_keys(folder).same_key(keys)
