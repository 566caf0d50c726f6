"""Sealed forms: whole for their sender, closed to everybody else, and never with a password in them."""

from __future__ import annotations

import string

import pytest
from django.test import RequestFactory, override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenthread.web.accounts import keeping

NAMES = st.text(string.ascii_lowercase + "_-", min_size=1, max_size=12).filter(
    lambda n: "password" not in n and n not in ("kept", "csrfmiddlewaretoken")
)


def sealed(fields: dict[str, object], user: int | None = 1, path: str = "/ask/?x=1") -> str:
    return keeping.keep(RequestFactory().post(path, fields), user)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, st.lists(st.text(max_size=50), min_size=1, max_size=3), max_size=6))
def test_what_is_kept_comes_back_whole_for_its_sender_only(fields: dict[str, list[str]]) -> None:
    text = sealed(dict(fields))
    kept = keeping.opened(text, 1)
    assert kept is not None
    assert kept.path == "/ask/?x=1"
    back: dict[str, list[str]] = {}
    for name, value in kept.fields:
        back.setdefault(name, []).append(value)
    assert back == fields
    assert keeping.opened(text, 2) is None


def test_passwords_are_never_kept() -> None:
    kept = keeping.opened(sealed({"new_password": "hush", "csrfmiddlewaretoken": "x", "note": "n"}), 1)
    assert kept is not None
    assert kept.fields == (("note", "n"),)


@pytest.mark.parametrize("text", ["", "nonsense", "gAAAAA" + "A" * 200, "x" * 800_000])
def test_what_was_tampered_with_does_not_open(text: str) -> None:
    assert keeping.opened(text, 1) is None
    good = sealed({"note": "n"})
    assert keeping.opened(good[:-6] + "AAAAA=", 1) is None


def test_it_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    text = sealed({"note": "n"})
    monkeypatch.setattr(keeping, "KEPT_FOR", -1)
    assert keeping.opened(text, 1) is None


def test_another_system_cannot_open_it() -> None:
    text = sealed({"note": "n"})
    with override_settings(SECRET_KEY="another key of at least thirty-two characters"):
        assert keeping.opened(text, 1) is None


def test_what_is_nobodys_or_too_large_is_not_kept() -> None:
    import random

    assert sealed({"note": "n"}, user=None) == ""
    noise = "".join(random.Random(1).choices(string.printable, k=900_000))
    assert sealed({"note": noise}) == ""


def test_files_are_named_but_not_kept() -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    kept = keeping.opened(sealed({"note": "n", "plan": SimpleUploadedFile("plan.csv", b"1,2")}), 1)
    assert kept is not None
    assert kept.files == ("plan: plan.csv",)
