"""Labelling: what people are asked about the rows of a table, and who has which row before them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

LabelOrder = Literal["random", "uncertain", "disagreement"]


class LabelSpec(Struct, frozen=True):
    """A question about each row of the table `of`, answered in the table `name` with one of the `options`.

    key: the columns that tell the rows of `of` apart. per_row: how many people answer each row. order: which rows come
    first. score: the columns of `of` with a model's probabilities (one: of a yes; several: of the options). show: the
    columns that are shown (none: all). lease: how long a row stays with the person that it was given to ("15m").
    """

    name: str
    of: str
    key: tuple[str, ...]
    question: str
    options: tuple[str, ...]
    per_row: int = 1
    order: LabelOrder = "random"
    score: tuple[str, ...] = ()
    show: tuple[str, ...] = ()
    lease: str = "15m"
    owner: str | None = None
    description: str = ""


class Claim(Struct, frozen=True):
    """A row is with this person until a moment; `id` names the answer that will come of it."""

    table: str
    row: str
    annotator: str
    id: str
    claimed_at: datetime
    until: datetime
