from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.pipelines.redaction import Redaction, Redactor

VALUE = "pä ss/w+rd\"'\\&=7"


def hiding(**secrets: str) -> Redaction:
    redaction = Redaction()
    redaction.hide(secrets)
    return redaction


SPELLED = {
    "as it is": VALUE,
    "in JSON": json.dumps(VALUE),
    "in JSON with its own letters": json.dumps(VALUE, ensure_ascii=False),
    "in a list": repr([VALUE]),
    "as bytes": repr(VALUE.encode()),
    "in JSON in a list": repr([json.dumps(VALUE)]),
    "in a URL": quote(VALUE),
    "in a URL with nothing safe": quote(VALUE, safe=""),
    "in a form": quote_plus(VALUE),
    "in a URL in small letters": quote(VALUE, safe="").lower(),
    "in base64": base64.b64encode(VALUE.encode()).decode(),
    "in base64 for URLs": base64.urlsafe_b64encode(VALUE.encode()).decode(),
    "in base64 without padding": base64.b64encode(VALUE.encode()).decode().rstrip("="),
    "in hexadecimal digits": VALUE.encode().hex(),
}


@pytest.mark.parametrize("spelled", SPELLED.values(), ids=SPELLED)
def test_a_value_is_hidden_however_it_is_spelled(spelled: str) -> None:
    clean = hiding(TOKEN=VALUE).clean(f"before {spelled} after")
    assert "[secret TOKEN]" in clean
    assert spelled not in clean
    assert clean.startswith("before ")
    assert clean.endswith(" after")


@pytest.mark.parametrize("user", ["", "a", "ab", "abc", "ada"])
def test_a_value_at_the_end_of_what_was_encoded_in_base64_is_hidden(user: str) -> None:
    header = base64.b64encode(f"{user}:hunter2-hunter2".encode()).decode()
    clean = hiding(PASSWORD="hunter2-hunter2").clean(f"Authorization: Basic {header}")
    shown = clean.removeprefix("Authorization: Basic ").partition("[secret PASSWORD]")
    assert shown[1], clean
    readable = base64.b64decode(shown[0] + "=" * (-len(shown[0]) % 4) if len(shown[0]) % 4 != 1 else shown[0][:-1])
    assert b"hunter" not in readable
    assert shown[2].strip("=") == ""


def test_the_longer_of_two_secrets_wins() -> None:
    redaction = hiding(SHORT="pass", LONG="password1")
    assert redaction.clean("password1 pass") == "[secret LONG] [secret SHORT]"


def test_each_line_of_a_key_is_hidden() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n"
    clean = hiding(KEY=key).clean("second line: kqhkiG9w0BAQEF")
    assert clean == "second line: [secret KEY]"


def test_nothing_is_changed_where_nothing_is_hidden() -> None:
    redactor = Redactor(Redaction())
    assert redactor.feed("any text") == "any text"
    assert redactor.finish() == ""


@given(st.lists(st.integers(0, 30)), st.sampled_from(["abcab", "hunter2", "aab", "aaaa"]))
def test_a_value_is_found_wherever_it_is_cut(cuts: list[int], value: str) -> None:
    text, redaction = f"a ab {value} aa {value}abc", hiding(S=value)
    redactor, written, at = Redactor(redaction), "", 0
    for cut in sorted(min(cut, len(text)) for cut in cuts):
        written += redactor.feed(text[at:cut])
        at = cut
    written += redactor.feed(text[at:]) + redactor.finish()
    assert value not in written
    assert written == redaction.clean(text)


def test_the_beginning_of_a_longer_secret_waits_for_its_end() -> None:
    redactor = Redactor(hiding(SHORT="pass", LONG="password1"))
    assert redactor.feed("pass") == ""
    assert redactor.feed("word1!") == "[secret LONG]!"
    assert redactor.feed("pass") + redactor.finish() == "[secret SHORT]"


def test_what_cannot_become_a_secret_any_more_is_written_at_once() -> None:
    redactor = Redactor(hiding(S="hunter2"))
    assert redactor.feed("the hun") == "the "
    assert redactor.feed("gry") == "hungry"
