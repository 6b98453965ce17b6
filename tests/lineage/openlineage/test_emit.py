"""Sending lineage: in order, at least once, never for long, and never a reason for a worker to stop."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trivium.errors import Misuse
from trivium.lineage.openlineage import emit as emitting
from trivium.lineage.openlineage.emit import EmissionFailed, emit, emit_in_tick, encode
from trivium.lineage.openlineage.message import InputPart, JobPart, RunMessage, RunPart, facet
from trivium.lineage.openlineage.translate import translate
from trivium.store.store import Store
from trivium.triggers.worker import tick


def expected(store: Store) -> list[Any]:
    events = store.catalog.events.list_events(limit=10_000)
    return [json.loads(encode(message)) for event in events for message in translate(store, event)]


def newest(store: Store) -> int:
    return store.catalog.events.list_newest(limit=1)[0].seq


def with_receiver(store: Store, to: str, **more: str) -> Store:
    settings = msgspec.structs.replace(store.settings, openlineage=to, **more)
    return Store(**{**vars(store), "settings": settings})


def test_a_server_is_sent_everything_in_order_and_then_only_what_is_new(lived: Store, collector: Any) -> None:
    wanted = expected(lived)
    emission = emit(lived, collector.url)
    assert collector.taken == wanted
    assert (emission.messages, emission.position, emission.error) == (len(wanted), newest(lived), "")
    assert set(collector.paths) == {"/api/v1/lineage"}
    assert emit(lived, collector.url).messages == 0
    lived.catalog.events.append("something.else", "x", {}, actor="ada")
    assert emit(lived, collector.url).position == newest(lived)
    assert collector.taken == wanted


def test_a_path_of_the_address_is_kept_and_a_key_goes_with_every_message(lived: Store, collector: Any) -> None:
    emit(with_receiver(lived, "", openlineage_key="s3cret"), f"{collector.url}/collect?from=here")
    assert set(collector.paths) == {"/collect?from=here"}
    assert {head["Authorization"] for head in collector.heads} == {"Bearer s3cret"}


def test_what_a_failing_server_did_not_take_is_sent_again_and_nothing_is_left_out(lived: Store, collector: Any) -> None:
    collector.answers = [201, 201, 201, 500]
    first = emit(lived, collector.url)
    assert "refused lineage with status 500: told" in first.error
    assert first.messages == 3
    collector.answers = [503]
    assert emit(lived, collector.url).messages == 0
    assert emit(lived, collector.url).error == ""
    assert collector.taken == expected(lived)


def test_a_redirect_is_not_followed(lived: Store, collector: Any) -> None:
    collector.answers = [302]
    assert "status 302" in emit(lived, collector.url).error
    assert collector.taken == []
    assert len(collector.paths) == 1


def test_nobody_at_the_address_is_an_error_that_is_told_and_costs_nothing(lived: Store) -> None:
    emission = emit(lived, "http://127.0.0.1:9")
    assert "http://127.0.0.1:9 does not take lineage" in emission.error
    assert emission.messages == 0


@pytest.mark.parametrize("drip", [b"", b"H", b"HTTP/1.1 200 OK\r\nA: b\r\n"])
def test_a_server_that_hangs_or_trickles_is_left_in_time(
    lived: Store, stubborn: Callable[[bytes], str], drip: bytes
) -> None:
    started = time.monotonic()
    emission = emit(lived, stubborn(drip), wait=0.3)
    assert emission.error
    assert emission.messages == 0
    assert time.monotonic() - started < 3


def test_an_address_is_told_without_its_secrets(lived: Store) -> None:
    emission = emit(lived, "http://user:hidden@127.0.0.1:9/collect?token=hidden")
    assert "http://127.0.0.1:9/collect does not take lineage" in emission.error
    assert "hidden" not in emission.error


def test_each_receiver_has_its_own_position(lived: Store, tmp_path: Path) -> None:
    assert emit(lived, "one.jsonl").messages == emit(lived, "two.jsonl").messages == len(expected(lived))


def test_a_file_gets_a_line_for_each_message(lived: Store) -> None:
    emit(lived, "out/lineage.jsonl")
    lines = (lived.settings.root / "out" / "lineage.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == expected(lived)


def test_a_line_that_somebody_died_in_spoils_no_other(lived: Store) -> None:
    file = lived.settings.root / "lineage.jsonl"
    file.write_text('{"eventType": "STA')
    emit(lived, str(file))
    assert [json.loads(line) for line in file.read_text().splitlines()[1:]] == expected(lived)


def test_a_file_that_cannot_be_written_keeps_the_position(lived: Store) -> None:
    (lived.settings.root / "folder").mkdir()
    assert "cannot be written" in emit(lived, "folder").error
    assert emit(lived, "folder").messages == 0


@pytest.mark.parametrize("to", ["ftp://somewhere", "", "kafka://x/y", "http://host:notaport"])
def test_another_kind_of_address_is_refused(lived: Store, to: str) -> None:
    with pytest.raises(Misuse, match="lineage"):
        emit(lived, to)


def test_time_that_runs_out_in_the_middle_of_an_event_goes_on_behind_the_last_message(
    lived: Store, collector: Any
) -> None:
    rounds = 0
    while emit(lived, collector.url, seconds=0).more:
        rounds += 1
        assert rounds < 200
    assert collector.taken == expected(lived)


def test_sending_again_from_an_event_repeats_what_came_after_it(lived: Store, collector: Any) -> None:
    emit(lived, collector.url)
    assert emit(lived, collector.url, after=0).messages == len(expected(lived))
    assert emit(lived, collector.url).messages == 0


def test_the_worker_sends_to_the_receiver_of_the_settings(lived: Store, collector: Any) -> None:
    tick(with_receiver(lived, collector.url), [])
    assert collector.taken == expected(lived)


@pytest.mark.parametrize("to", ["http://127.0.0.1:9", "ftp://nobody"])
def test_a_receiver_that_fails_is_a_warning_and_the_worker_goes_on(lived: Store, to: str) -> None:
    with pytest.warns(EmissionFailed, match="It is tried again later"):
        assert tick(with_receiver(lived, to), []) == []


def test_a_fault_of_our_own_does_not_stop_the_worker_either(lived: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(emitting, "translate", fail)
    with pytest.warns(EmissionFailed, match="ZeroDivisionError: ours"):
        emit_in_tick(with_receiver(lived, "lineage.jsonl"))


def test_a_project_that_names_nobody_sends_nothing(lived: Store) -> None:
    assert emit_in_tick(lived) is None


def test_a_message_that_is_too_large_goes_without_its_columns() -> None:
    fields = [{"name": f"column {number:06d}" * 10, "type": "int64"} for number in range(10_000)]
    wide = InputPart("trivium://p", "wide", {**facet("schema", fields=fields), **facet("version", datasetVersion="1")})
    message = RunMessage("START", "2024-01-01T00:00:00Z", RunPart("u"), JobPart("n", "j"), (wide,))
    sent = json.loads(encode(message))
    assert list(sent["inputs"][0]["facets"]) == ["version"]
