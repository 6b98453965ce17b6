"""Labels: a table of people's answers to one question about each row of another table."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from trivium.durations import parse_duration
from trivium.errors import Misuse, SchemaMismatch
from trivium.store.store import Store, current_store
from trivium.tables.agreement import Agreement, measure_agreement
from trivium.tables.answers import OWN_COLUMNS, Progress, count_progress, find_consensus, label_table, read_answers
from trivium.tables.label_queue import Queue
from trivium.tables.table import Table
from trivium.values.labels import LabelOrder, LabelSpec
from trivium.values.tables import TableSpec

ORDERS = ("random", "uncertain", "disagreement")


class Labels(Table):
    """A table of answers to a question about each row of `of`, with the queue of the rows that wait for one.

    `causes = tv.Labels("delay_causes", of=flights, question="Why was it late?", options=["weather", "carrier"])`; then
    `trivium tables label delay_causes`. A row of it is one answer: the key of the row, annotator, value, at, seconds.

    per_row: how many people answer each row. order: which rows come first ("random"; "uncertain", by `score`;
    "disagreement", those whose answers differ). score: the column of `of` with a model's probability, or one for each
    of several classes. show: the columns to show (default: all). lease: how long a row is kept for whoever got it.
    """

    def __init__(
        self,
        name: str,
        *,
        of: Table,
        question: str,
        options: Sequence[str],
        per_row: int = 1,
        order: LabelOrder | None = None,
        score: str | Sequence[str] = (),
        show: Sequence[str] = (),
        lease: str = "15m",
        owner: str | None = None,
        description: str = "",
    ) -> None:
        self.asked = make_label_spec(
            name, of.spec, question=question, options=options, per_row=per_row, order=order, score=score, show=show,
            lease=lease, owner=owner, description=description,
        )  # fmt: skip
        answers = label_table(self.asked)
        super().__init__(
            name, key=answers.key, time=answers.time, watch="off", owner=owner, description=answers.description
        )

    def queue(
        self, annotator: str, *, scores: pl.DataFrame | None = None, seed: int = 0, store: Store | None = None
    ) -> Queue:
        """The rows that wait for this annotator; see `Queue`."""
        memory = store or current_store()
        declare_labels(memory, self.asked)
        return Queue(memory, self.asked, annotator, scores=scores, seed=seed)

    def answers(self, *, store: Store | None = None) -> pl.DataFrame:
        """Everybody's answers as they are now; see `read_answers`."""
        return read_answers(store or current_store(), self.asked)

    def consensus(self, *, store: Store | None = None) -> pl.DataFrame:
        """What the majority says of each answered row, and which values are tied; see `find_consensus`."""
        return find_consensus(self.answers(store=store), self.asked.key)

    def agreement(self, *, store: Store | None = None) -> Agreement:
        """How far the annotators agree, beyond chance."""
        return measure_agreement(self.answers(store=store), self.asked.key)

    def progress(self, annotator: str = "", *, store: Store | None = None) -> Progress:
        """How far the labelling is."""
        memory = store or current_store()
        return count_progress(memory, self.asked, self.answers(store=memory), annotator)


def make_label_spec(
    name: str,
    of: TableSpec,
    *,
    question: str,
    options: Sequence[str],
    per_row: int = 1,
    order: LabelOrder | None = None,
    score: str | Sequence[str] = (),
    show: Sequence[str] = (),
    lease: str = "15m",
    owner: str | None = None,
    description: str = "",
) -> LabelSpec:
    """The question as it is stored. Raises Misuse for one that nobody could answer."""
    scores = (score,) if isinstance(score, str) else tuple(score)
    if not of.key:
        raise Misuse(f"Table {of.name!r} has no key, so its rows cannot be told apart; declare `key=`.")
    taken = [column for column in of.key if column in OWN_COLUMNS]
    if taken:
        raise Misuse(f"The key {taken[0]!r} of table {of.name!r} is a column that every answer has; rename it.")
    words = [str(option) for option in options]
    if isinstance(options, str) or len(words) < 2 or len(set(words)) < len(words) or not all(map(str.strip, words)):
        raise Misuse(f"A question has two options or more, all different and none empty; these are {options!r}.")
    if not question.strip() or per_row < 1:
        raise Misuse(f"A question has words, and is put to at least one person for each row, not {per_row}.")
    if order is not None and order not in ORDERS:
        raise Misuse(f"The order of rows is one of {', '.join(ORDERS)}, not {order!r}.")
    parse_duration(lease)
    return LabelSpec(
        name=name, of=of.name, key=of.key, question=question, options=tuple(words), per_row=per_row,
        order=order or ("uncertain" if scores else "random"), score=scores, show=tuple(show), lease=lease, owner=owner,
        description=description,
    )  # fmt: skip


def declare_labels(store: Store, spec: LabelSpec) -> LabelSpec:
    """The question is on record, and its table declared. Raises SchemaMismatch for columns that the source lacks."""
    newest = store.catalog.tables.find_version(spec.of)
    if newest is not None:
        have = [column.name for column in newest.columns]
        absent = [name for name in (*spec.key, *spec.score, *spec.show) if name not in have]
        if absent:
            raise SchemaMismatch(f"Table {spec.of!r} has no column {absent[0]!r}; it has {', '.join(have)}.")
    store.catalog.tables.declare(label_table(spec), actor=store.actor)
    return store.catalog.labels.declare(spec, actor=store.actor)
