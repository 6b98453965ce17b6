"""The letters of texts: how many are capitals, digits, spaces, and what form they make."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Counts = NDArray[np.int64]
OTHER, UPPER, LOWER, DIGIT, SPACE, FOREIGN, END = range(7)
MARKS = np.frombuffer(b"\0Aa9 ~\n", np.uint8)
KINDS = {"Lu": UPPER, "Ll": LOWER, "Nd": DIGIT}
SPACES = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))))
LONGEST = 60
AT_ONCE = 2**20


class Letters(Struct, frozen=True):
    """Of each text how many of its characters are of a kind, (n,); whether it begins or ends with a space; its form."""

    upper: Counts
    lower: Counts
    digit: Counts
    space: Counts
    foreign: Counts
    padded: NDArray[np.bool_]
    forms: list[str]


def read_letters(texts: Sequence[str], lengths: Counts) -> Letters:
    """The letters of these texts. lengths: (n,) how many characters each has; n >= 1.

    Kinds are Unicode's: capitals Lu, small letters Ll, digits Nd, spaces White_Space; foreign is what is not ASCII.
    A form is that of the first 60 characters: runs of capitals as A, of small letters as a, of digits as 9, of spaces
    as one, of other foreign characters as ~.
    """
    read = [_read(texts[first:end], lengths[first:end]) for first, end in _blocks(lengths)]
    counts = np.concatenate([counts for counts, _, _, _ in read])
    return Letters(
        upper=counts[:, UPPER],
        lower=counts[:, LOWER],
        digit=counts[:, DIGIT],
        space=counts[:, SPACE],
        foreign=np.concatenate([foreign for _, foreign, _, _ in read]),
        padded=np.concatenate([padded for _, _, padded, _ in read]),
        forms=[form for _, _, _, forms in read for form in forms],
    )


def _blocks(lengths: Counts) -> Iterator[tuple[int, int]]:
    """Stretches of texts of about a million characters, so that memory stays small."""
    number = np.cumsum(lengths + 1) // AT_ONCE
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), lengths.size]
    return pairwise(edges)


def _read(texts: Sequence[str], lengths: Counts) -> tuple[Counts, Counts, NDArray[np.bool_], list[str]]:
    joined = "\n".join(texts) + "\n"
    wide = not joined.isascii()
    codes = np.frombuffer(joined.encode("utf-32-le"), np.uint32) if wide else np.frombuffer(joined.encode(), np.uint8)
    ends = np.cumsum(lengths + 1) - 1
    starts = ends - lengths
    kinds = _kinds(codes)
    kinds[ends] = END
    owner = np.repeat(np.arange(lengths.size), lengths + 1)
    counts = np.bincount(owner * MARKS.size + kinds, minlength=lengths.size * MARKS.size).reshape(-1, MARKS.size)
    foreign = np.bincount(owner[codes > 127], minlength=lengths.size) if wide else np.zeros_like(lengths)
    padded = (kinds[starts] == SPACE) | (kinds[ends - 1] == SPACE)
    kept = np.concatenate(([True], (kinds[1:] != kinds[:-1]) | (kinds[1:] == OTHER) | (kinds[1:] == END)))
    if lengths.max() > LONGEST:
        kept &= (np.arange(codes.size) - starts[owner] < LONGEST) | (kinds == END)
    kinds, codes = kinds[kept], codes[kept]
    marks = np.where(kinds == OTHER, codes, MARKS[kinds]).astype(np.uint8)
    return counts, foreign, padded, marks.tobytes().decode("ascii").split("\n")[:-1]


def _kinds(codes: NDArray[np.uint8] | NDArray[np.uint32]) -> NDArray[np.uint8]:
    kinds = ASCII[np.minimum(codes, 127)]
    strange = codes > 127
    if strange.any():
        different, places = np.unique(codes[strange], return_inverse=True)
        kinds[strange] = np.array([kind_of(chr(code)) for code in different.tolist()], np.uint8)[places]
    return kinds


def kind_of(character: str) -> int:
    """The kind of one character.

    >>> [kind_of(each) for each in "Éß٣ -中"] == [UPPER, LOWER, DIGIT, SPACE, OTHER, FOREIGN]
    True
    """
    if character in SPACES:
        return SPACE
    return KINDS.get(unicodedata.category(character), OTHER if character.isascii() else FOREIGN)


ASCII = np.array([kind_of(chr(code)) for code in range(128)], np.uint8)
