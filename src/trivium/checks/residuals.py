"""How well each predictor foretold each fact so far, kept as running figures, so that judging costs no look back."""

from __future__ import annotations

from typing import Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from trivium.checks.facts import Bools, Floats, to_log


class Chosen(Struct, frozen=True):
    """The errors of each fact's best predictor, (facts,): which it is, how many errors there were, the mean of the two
    worst on the plain and on the logarithmic scale, how far these stand out, the share that was 0, and whether all."""

    best: NDArray[np.intp]
    count: Floats
    worst: tuple[Floats, Floats]
    heaviness: tuple[Floats, Floats]
    still: Floats
    never_moved: Bools


class Residuals:
    """Figures by (predictor, fact): `count` of errors and of those that were 0; on the plain and the logarithmic
    scale, by (scale, predictor, fact), their `total`, and the `first` and `second` worst."""

    def __init__(self, count: Floats, zeros: Floats, total: Floats, first: Floats, second: Floats) -> None:
        self.count, self.zeros, self.total, self.first, self.second = count, zeros, total, first, second

    @classmethod
    def none(cls, predictors: int) -> Self:
        """Nothing was foretold yet."""
        one, two = np.zeros((predictors, 0)), np.zeros((2, predictors, 0))
        return cls(one, one, two, two, two)

    def extended(self, values: Floats, predicted: Floats, units: Floats) -> Self:
        """With one more partition. values: (facts,). predicted: (predictors, facts); NaN where nothing is known."""
        errors = np.stack([np.abs(values - predicted), np.abs(to_log(values, units) - to_log(predicted, units))])
        known = np.isfinite(errors[0])
        errors = np.where(known, errors, 0.0)
        old = [widen(each, values.size) for each in (self.count, self.zeros, self.total, self.first, self.second)]
        count, zeros, total, first, second = old
        return type(self)(
            count + known,
            zeros + (known & (errors[0] == 0.0)),
            total + errors,
            np.maximum(first, errors),
            np.maximum(second, np.minimum(first, errors)),
        )

    def choose(self) -> Chosen:
        """The predictor with the least mean absolute error for each fact, and its errors."""
        mean = np.where(self.count > 0, self.total[0] / np.maximum(self.count, 1.0), np.inf)
        best: NDArray[np.intp] = np.argmin(mean, axis=0)
        facts = np.arange(best.size)
        count = self.count[best, facts]
        worst = [(self.first[scale, best, facts] + self.second[scale, best, facts]) / 2 for scale in (0, 1)]
        means = [self.total[scale, best, facts] / np.maximum(count, 1.0) for scale in (0, 1)]
        stand_out = [
            np.maximum(np.divide(top, usual, out=np.ones_like(top), where=usual > 0), 1.0)
            for top, usual in zip(worst, means, strict=True)
        ]
        return Chosen(
            best=best,
            count=count,
            worst=(worst[0], worst[1]),
            heaviness=(stand_out[0], stand_out[1]),
            still=self.zeros[best, facts] / np.maximum(count, 1.0),
            never_moved=self.first[0, best, facts] == 0.0,
        )


def widen(figures: Floats, facts: int) -> Floats:
    """The figures with room for this many facts, 0 for the new ones."""
    missing = facts - figures.shape[-1]
    return figures if not missing else np.concatenate([figures, np.zeros((*figures.shape[:-1], missing))], axis=-1)
