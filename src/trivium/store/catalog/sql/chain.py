"""The hash chain of events: each link covers the one before it, so that no edit goes unseen."""

from __future__ import annotations

from collections.abc import Mapping

from trivium.digest import canonical_json, digest_bytes

FIRST = "0" * 64


def event_hash(before: str, fields: Mapping[str, object]) -> str:
    """SHA-256 over the previous hash and the event's canonical JSON (seq, at, actor, kind, subject, detail)."""
    names = ("seq", "at", "actor", "kind", "subject", "detail")
    return digest_bytes(before.encode() + canonical_json({name: fields[name] for name in names}))
