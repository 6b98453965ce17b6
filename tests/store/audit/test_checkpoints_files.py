"""Whoever changes the checkpoints is found, too; what a killed process leaves behind is no harm."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.store.audit.conftest import Watch, add_events, faults, kinds, the_file

from trivium.errors import AuditBroken, Misuse
from trivium.store.audit.checkpoints import make_checkpoint
from trivium.store.audit.signing import SigningKey, open_signing_key
from trivium.store.audit.verify import verify_audit
from trivium.store.audit.witness_file import appending, parse_line, sign
from trivium.store.store import Store
from trivium.values.audit import Checkpoint

Opener = Callable[..., Store]


@pytest.fixture
def sealed(project: Store, watch: Watch) -> Store:
    """The project with five checkpoints, an event apart."""
    for _ in range(5):
        make_checkpoint(project)
        watch.pass_by(hours=1)
        add_events(project, 1)
    return project


def lines(store: Store) -> list[bytes]:
    return the_file(store).read_bytes().splitlines(keepends=True)


def write(store: Store, found: list[bytes]) -> None:
    the_file(store).write_bytes(b"".join(found))


@pytest.mark.parametrize(
    ("name", "there"), [("middle", [0, 1, 3, 4]), ("first", [1, 2, 3, 4]), ("order", [0, 2, 1, 3, 4]),
                        ("last", [0, 1, 2, 3]), ("twice", [0, 1, 1, 2, 3, 4]), ("all", [])],
)  # fmt: skip
def test_a_missing_or_moved_checkpoint_is_found(sealed: Store, name: str, there: list[int]) -> None:
    found = lines(sealed)
    write(sealed, [found[number] for number in there])
    assert kinds(sealed) == ["missing checkpoint"], name


def test_a_file_that_is_gone_is_missed(sealed: Store) -> None:
    path = the_file(sealed)
    path.unlink()
    (fault,) = faults(sealed)
    assert (fault.kind, fault.first) == ("missing checkpoint", 12)
    assert str(path) in fault.message


@pytest.mark.parametrize("field", ["seq", "head", "events", "at", "place", "project", "previous", "anew"])
def test_no_field_of_a_checkpoint_can_be_changed(sealed: Store, field: str) -> None:
    found = lines(sealed)
    line = msgspec.json.decode(found[2])
    was = line["checkpoint"][field]
    line["checkpoint"][field] = was + 1 if isinstance(was, int) else was.replace("2024", "2023") + "x" * (field != "at")
    found[2] = msgspec.json.encode(line) + b"\n"
    write(sealed, found)
    assert "forged checkpoint" in kinds(sealed)


def test_a_checkpoint_of_another_key_is_forged_even_under_the_id_of_the_right_one(sealed: Store) -> None:
    found = lines(sealed)
    last = parse_line(found[-1])
    assert last is not None
    forged = sign(SigningKey(Ed25519PrivateKey.generate()), last.checkpoint)
    write(sealed, [*found[:-1], line_of(forged.raw, forged.signature)])
    assert kinds(sealed) == ["forged checkpoint"]


def test_a_checkpoint_of_a_key_that_nobody_knows_is_told(sealed: Store, tmp_path: Path) -> None:
    found = lines(sealed)
    last = parse_line(found[-1])
    assert last is not None
    stranger = SigningKey(Ed25519PrivateKey.generate())
    forged = sign(stranger, msgspec.structs.replace(last.checkpoint, key=stranger.public.id))
    write(sealed, [*found, line_of(forged.raw, forged.signature)])
    assert "wrong key" in kinds(sealed)


def test_a_checkpoint_of_another_project_is_not_one_of_this(sealed: Store, open_project: Opener) -> None:
    other = open_project("other")
    add_events(other, 12)
    make_checkpoint(other)
    write(sealed, [*lines(sealed), *lines(other)])
    assert "forged checkpoint" in kinds(sealed)


def test_only_the_public_key_is_needed(sealed: Store, open_project: Opener, tmp_path: Path) -> None:
    key = the_file(sealed).with_name(f"{open_signing_key(tmp_path / 'key').public.id}.pub")
    (tmp_path / "key").unlink()
    auditor = open_project(audit_key=str(tmp_path / "nobodys"))
    report = verify_audit(auditor, public_keys=[key])
    assert (report.holds, report.proof, report.notes) == (True, "trusted", ())
    report = verify_audit(auditor)
    assert (report.holds, report.proof) == (True, "beside")
    assert any("--public-key" in note for note in report.notes)
    assert not (tmp_path / "nobodys").exists()


def test_with_another_public_key_nothing_is_believed(sealed: Store, tmp_path: Path) -> None:
    other = tmp_path / "other.pub"
    other.write_bytes(open_signing_key(tmp_path / "other").public.pem)
    (first, *_, last) = faults(sealed, other)
    assert first.kind == last.kind == "wrong key"
    assert "2 more lines" in last.message
    assert verify_audit(sealed, public_keys=[other]).proof == "none"


def test_keys_that_lie_beside_are_no_proof_to_somebody_with_a_key_of_his_own(
    sealed: Store, open_project: Opener, tmp_path: Path
) -> None:
    open_signing_key(tmp_path / "bobs")
    report = verify_audit(open_project(audit_key=str(tmp_path / "bobs")))
    assert (report.holds, report.proof, report.through) == (True, "none", 0)


def test_a_key_put_beside_by_somebody_else_does_not_replace_ones_own(sealed: Store, tmp_path: Path) -> None:
    own = open_signing_key(tmp_path / "key").public.id
    stranger = SigningKey(Ed25519PrivateKey.generate())
    the_file(sealed).with_name(f"{own}.pub").write_bytes(stranger.public.pem)
    assert faults(sealed) == ()


def test_half_a_line_at_the_end_is_told_and_no_harm(sealed: Store) -> None:
    whole = lines(sealed)
    for left in range(1, len(whole[-1]), 29):
        write(sealed, [*whole, whole[-1][:left]])
        report = verify_audit(sealed)
        assert report.problems == ()
        assert ["half a checkpoint" in note for note in report.notes] == [True]


def test_after_half_a_line_the_next_checkpoint_is_a_line_of_its_own(sealed: Store) -> None:
    with the_file(sealed).open("ab") as file:
        file.write(lines(sealed)[-1][:100])
    make_checkpoint(sealed)
    report = verify_audit(sealed)
    assert (report.problems, report.checkpoints) == ((), 6)
    assert len(report.notes) == 1


def test_no_checkpoint_is_made_over_missing_ones(sealed: Store) -> None:
    write(sealed, lines(sealed)[:-1])
    with pytest.raises(AuditBroken, match="does not hold the checkpoint of 2024-01-01 04:00:00"):
        make_checkpoint(sealed)


def test_a_copy_of_a_project_goes_on_by_itself(sealed: Store, open_project: Opener, tmp_path: Path) -> None:
    sealed.catalog.close()
    shutil.copytree(tmp_path / "project", tmp_path / "copy")
    copy, original = open_project("copy"), open_project()
    for number, store in enumerate((copy, original, copy)):
        add_events(store, number + 1)
        make_checkpoint(store)
    assert faults(copy) == faults(original) == ()
    assert [verify_audit(store).through for store in (copy, original)] == [17, 15]


def test_a_project_that_was_moved_keeps_its_checkpoints(sealed: Store, open_project: Opener, tmp_path: Path) -> None:
    sealed.catalog.close()
    (tmp_path / "project").rename(tmp_path / "moved")
    moved = open_project("moved")
    report = verify_audit(moved)
    assert (report.holds, report.checkpoints, report.through) == (True, 5, 12)


def test_a_restored_back_up_is_told_and_can_be_begun_anew(
    sealed: Store, open_project: Opener, tmp_path: Path, watch: Watch
) -> None:
    sealed.catalog.close()
    shutil.copytree(tmp_path / "project", tmp_path / "back-up")
    store = open_project()
    add_events(store, 4)
    make_checkpoint(store)
    store.catalog.close()
    shutil.rmtree(tmp_path / "project")
    shutil.copytree(tmp_path / "back-up", tmp_path / "project")
    restored = open_project()
    assert kinds(restored) == ["cut tail"]
    with pytest.raises(AuditBroken, match="does not hold event 17"):
        make_checkpoint(restored)
    make_checkpoint(restored, anew="The disk broke.")
    report = verify_audit(restored)
    assert (report.problems, report.checkpoints) == ((), 1)
    assert any("The disk broke." in note for note in report.notes)
    assert restored.catalog.events.list_newest(limit=1)[0].kind == "audit.begun_anew"
    make_checkpoint(restored)
    assert faults(restored) == ()


def test_a_log_that_took_the_place_of_another_is_noted(sealed: Store, open_project: Opener, tmp_path: Path) -> None:
    sealed.catalog.close()
    shutil.rmtree(tmp_path / "project")
    fresh = open_project()
    add_events(fresh, 2)
    make_checkpoint(fresh)
    assert any("held another log, of 12 events" in note for note in verify_audit(fresh).notes)


def test_checkpoints_inside_of_the_project_are_noted(open_project: Opener) -> None:
    store = open_project(checkpoints="here")
    add_events(store, 1)
    make_checkpoint(store)
    assert any("inside of the project" in note for note in verify_audit(store).notes)


def test_nothing_can_be_signed_before_anything_happened(open_project: Opener) -> None:
    with pytest.raises(Misuse, match="Nothing has happened"):
        make_checkpoint(open_project("empty"))


def test_a_line_is_fixed_for_ever() -> None:
    """What was signed once has to be readable, and its signature and digest the same, by every later version."""
    raw = (
        b'{"anew":"","at":"2024-01-01T00:00:00Z","events":8,"head":"' + b"a" * 64 + b'","key":"k","place":"/p",'
        b'"previous":"","project":"p","seq":8}'
    )
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(b"1" * 32))
    said = Checkpoint("p", 8, "a" * 64, 8, datetime(2024, 1, 1, tzinfo=UTC), "k", "", "/p")
    signed = sign(key, said)
    assert (signed.raw, signed.digest) == (raw, "0712611a3e2bc4086f5229999d710bbf81b151a903bfabbf96ae4e21d02b2375")
    assert signed.signature == (
        "c5702e48cc4c06af6223cd35196a9ad40ef932f1a7732a497e4129f7704dc1fc"
        "b82f23542bcc7609cd30ec7477094813d516caa456380ff9816b30ca1df84709"
    )
    assert parse_line(line_of(raw, signed.signature)) == signed


def test_a_line_of_a_later_version_that_says_more_is_still_verified() -> None:
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(b"1" * 32))
    raw = sign(key, Checkpoint("p", 8, "h", 8, datetime(2024, 1, 1, tzinfo=UTC), "k", "", "/p")).raw
    raw = raw.replace(b'"key"', b'"indeed":1,"key"')
    signed = parse_line(line_of(raw, key.sign(raw)))
    assert signed is not None
    assert key.public.signed(signed.raw, signed.signature)


def line_of(raw: bytes, signature: str) -> bytes:
    return b'{"checkpoint":' + raw + b',"signature":"' + signature.encode() + b'"}\n'


def test_lines_are_added_only(sealed: Store) -> None:
    before = the_file(sealed).read_bytes()
    with appending(the_file(sealed)):
        pass
    make_checkpoint(sealed)
    assert the_file(sealed).read_bytes().startswith(before)
