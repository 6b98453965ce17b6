"""The queue of one annotator: one row after the other, each his alone while he looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from trivium.durations import parse_duration
from trivium.errors import Misuse, NotFound, VersionConflict
from trivium.failpoints import failpoint
from trivium.store.store import Store
from trivium.tables.answers import Progress, count_progress, label_table, read_answers
from trivium.tables.commit import commit_rows
from trivium.tables.delete import delete_rows
from trivium.tables.label_order import SCORE, order_waiting
from trivium.tables.online_rows import key_text
from trivium.tables.read import get_version, read_version
from trivium.tables.upsert import upsert_rows
from trivium.values.labels import Claim, LabelSpec
from trivium.values.tables import Commit

WINDOW = 200


class Asked(Struct, frozen=True):
    """A row that an annotator is asked about: its key as text, what is shown of it, and the claim that keeps it."""

    row: str
    values: dict[str, Any]
    claim: Claim


class Queue:
    """The rows of a source that wait for one annotator.

    An answer that was acknowledged is a durable commit to the table of labels. Rows go to others when the annotator
    keeps them for longer than the lease. Two queues of the same person count as one person.
    scores: a frame with the key and a column `score`, a model's probabilities; else the column that the question names.
    """

    def __init__(
        self, store: Store, spec: LabelSpec, annotator: str, *, scores: pl.DataFrame | None = None, seed: int = 0
    ) -> None:
        if not annotator.strip():
            raise Misuse("Say who answers: the annotator has no name.")
        self.store, self.spec, self.annotator, self.scores, self.seed = store, spec, annotator, scores, seed
        self.skipped: set[str] = set()
        self._answers: tuple[int, pl.DataFrame] | None = None
        self._ahead: Iterator[dict[str, Any]] = iter(())

    def take(self, row: str | None = None) -> Asked | None:
        """The next row, or this one, is with the annotator; None when there is none that he could answer now."""
        if row is not None:
            return self._try(self.find_key(row))
        fresh = self.spec.order == "disagreement"  # every answer changes the order
        for afresh in (fresh, True):
            if afresh:
                self._ahead = self._waiting()
            for key in self._ahead:
                asked = self._try(key) if key_text(key.values()) not in self.skipped else None
                if asked is not None:
                    return asked
        return None

    def answer(self, row: str, value: str, *, seconds: float | None = None) -> Commit:
        """The annotator says this of the row; when it returns, that is durable. His answer of before is replaced.

        Raises Misuse for a value that is no option, NotFound for a row that the source does not have, VersionConflict
        when the lease ran out and others answered in the meantime.
        """
        if value not in self.spec.options:
            raise Misuse(f"{value!r} is not one of the options: {', '.join(self.spec.options)}.")
        key = self.find_key(row)
        before = self._own(key)
        if before is not None and before["value"] == value:
            self._release(row)
            return get_version(self.store, self.spec.name)
        claim = self._hold(row, key, again=before is not None)
        commit = self._commit(key, claim, value, seconds, again=before is not None)
        failpoint("labels:answered")
        self._release(row)
        stored = self._own(key)
        # The same person may answer in two places at once, under one claim: the later answer then replaces the other.
        return commit if stored and stored["value"] == value else self.answer(row, value, seconds=seconds)

    def skip(self, row: str) -> None:
        """The row is with nobody, and this queue does not come back to it."""
        self.skipped.add(row)
        self._release(row)

    def release(self, row: str) -> None:
        """The row is with nobody; it is still the annotator's to answer."""
        self._release(row)
        self._ahead = iter(())

    def undo(self) -> str | None:
        """The annotator's newest answer is withdrawn; returns its row, or None when there is none."""
        mine = self.answers().filter(pl.col("annotator") == self.annotator)
        if not mine.height:
            return None
        last = mine.row(-1, named=True)
        row = key_text(last[name] for name in self.spec.key)
        delete_rows(self.store, self.spec.name, f"id = '{last['id']}'")
        self.release(row)
        return row

    def progress(self) -> Progress:
        """How far the labelling is."""
        return count_progress(self.store, self.spec, self.answers(), self.annotator)

    def answers(self) -> pl.DataFrame:
        """Everybody's answers as they are now; see `read_answers`."""
        newest = self.store.catalog.tables.find_version(self.spec.name)
        version = newest.version or 0 if newest else 0
        if self._answers is None or self._answers[0] != version:
            self._answers = (version, read_answers(self.store, self.spec))
        return self._answers[1]

    def find_key(self, row: str) -> dict[str, Any]:
        """The key of the source's row that is spelled so. Raises NotFound."""
        keys = self._source().select(self.spec.key)
        if len(self.spec.key) == 1:
            keys = keys.filter(pl.col(self.spec.key[0]).cast(pl.String) == row) if self._is_plain() else keys
        for key in keys.collect().iter_rows(named=True):
            if key_text(key.values()) == row:
                return key
        raise NotFound(f"Table {self.spec.of!r} has no row {row!r} (its key: {', '.join(self.spec.key)}).")

    def _source(self) -> pl.LazyFrame:
        return read_version(self.store, self.spec.of)

    def _is_plain(self) -> bool:
        """Whether the key's text is its spelling in every engine."""
        dtype = self._source().collect_schema()[self.spec.key[0]]
        return dtype.is_integer() or dtype == pl.String

    def _waiting(self) -> Iterator[dict[str, Any]]:
        """The keys of the rows to be asked about first; more of them when many are skipped or with others."""
        names = [*self.spec.key, *(self.spec.score if self.scores is None else ())]
        rows = self._source().select(names).unique(subset=self.spec.key, maintain_order=True).collect()
        if self.scores is not None:
            rows = rows.join(self.scores.select(*self.spec.key, SCORE), on=self.spec.key, how="left")
        spec = self.spec if self.scores is None else replace(self.spec, order="uncertain", score=(SCORE,))
        waiting = order_waiting(rows, self.answers(), spec, self.annotator, seed=self.seed)
        busy = len(self.skipped) + len(self.store.catalog.labels.list_claims(self.spec.name))
        return iter(waiting.head(WINDOW + busy).iter_rows(named=True))

    def _try(self, key: dict[str, Any]) -> Asked | None:
        """The row, when the annotator can have it now."""
        row = key_text(key.values())
        places = self._places(key)
        claim = self._claim(row, places) if places > 0 else None
        if claim is None:
            return None
        # Whoever had it before answered before he let it go, so that his answer is seen from here on.
        if self._places(key) <= 0:
            self._release(row)
            return None
        shown = self._source().filter(_is(key)).head(1).collect()
        if not shown.height:
            self._release(row)
            return None
        values = shown.select(self.spec.show or shown.columns).row(0, named=True)
        return Asked(row, values, claim)

    def _places(self, key: dict[str, Any]) -> int:
        """How many people may have the row before them now, this annotator included; 0 when he has answered."""
        given = self.answers().filter(_is(key))
        answered = (given["annotator"] == self.annotator).any()
        return 0 if answered else self.spec.per_row - given.height

    def _own(self, key: dict[str, Any]) -> dict[str, Any] | None:
        own = self.answers().filter(_is(key) & (pl.col("annotator") == self.annotator))
        return own.row(0, named=True) if own.height else None

    def _claim(self, row: str, places: int) -> Claim | None:
        now = self.store.clock()
        until = now + parse_duration(self.spec.lease)
        claim = Claim(self.spec.name, row, self.annotator, self.store.ids(), now, until)
        return self.store.catalog.labels.claim(claim, places=places)

    def _hold(self, row: str, key: dict[str, Any], *, again: bool) -> Claim:
        """The annotator's claim, made anew when the lease ran out, if the row still needs him."""
        claim = self._claim(row, self.spec.per_row if again else self._places(key))
        if claim is not None and self.store.catalog.tables.find_commit(self.spec.name, claim.id) is not None:
            self._release(row)  # left by a process that died after its answer
            claim = self._claim(row, self.spec.per_row)
        if claim is None or (not again and self._places(key) <= 0):
            self._release(row)
            raise VersionConflict(
                f"Row {row} of {self.spec.of} has, or is about to get, the answers it needs ({self.spec.per_row}): it "
                f"was with {self.annotator} for longer than {self.spec.lease}, or never. Nothing was stored; take the "
                "next row."
            )
        return claim

    def _commit(self, key: dict[str, Any], claim: Claim, value: str, seconds: float | None, *, again: bool) -> Commit:
        spec = label_table(self.spec)
        types = {name: self.answers().schema[name] for name in self.spec.key}
        row = pl.DataFrame([{
            "id": claim.id, **key, "annotator": self.annotator, "value": value, "at": self.store.clock(),
            "seconds": seconds, "source_version": get_version(self.store, self.spec.of).version,
        }], schema={"id": pl.String, **types, "annotator": pl.String, "value": pl.String,
                    "at": pl.Datetime("us", "UTC"), "seconds": pl.Float64, "source_version": pl.Int64})  # fmt: skip
        if again:
            return upsert_rows(self.store, spec, row, idempotency_key=claim.id)
        return commit_rows(self.store, spec, row, idempotency_key=claim.id)

    def _release(self, row: str) -> None:
        self.store.catalog.labels.release(self.spec.name, row, self.annotator)


def _is(key: dict[str, Any]) -> pl.Expr:
    """Whether a row has this key."""
    return pl.all_horizontal(pl.col(name) == pl.lit(value) for name, value in key.items())
