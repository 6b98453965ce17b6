"""Facts and surprises in words that a data owner uses."""

from __future__ import annotations

from trivium.checks.facts import LEVEL

RATES = {
    "null_rate": "rows without a value",
    "nan_rate": "NaN",
    "infinite_rate": "infinite values",
    "zero_rate": "zeros",
    "negative_rate": "negative values",
    "fraction_rate": "values that are not whole",
    "multiple_of_5": "multiples of 5",
    "multiple_of_10": "multiples of 10",
    "multiple_of_100": "multiples of 100",
    "top_share": "rows with the most frequent value",
    "repeat_rate": "rows equal to the row before",
    "true_rate": "true values",
    "blank_rate": "blank texts",
    "padded_rate": "texts with spaces around them",
    "upper_rate": "texts in upper case",
    "lower_rate": "texts in lower case",
    "number_rate": "texts that are numbers",
    "upper_share": "upper-case characters",
    "lower_share": "lower-case characters",
    "digit_share": "digits among the characters",
    "space_share": "spaces among the characters",
    "foreign_share": "characters that are not ASCII",
    "midnight_rate": "times at midnight",
    "whole_hour_rate": "times on the hour",
    "below_before": "rows below an earlier one",
    "above_before": "rows above an earlier one",
    "foreign_rate": "texts with characters that are not ASCII",
    "new_shape": "rows with texts of a form never seen before",
    "stale_stretch": "rows in a stretch that repeats one of an earlier partition",
    "stale": "rows equal to those at the same place of an earlier partition",
    "never_seen": "rows with values never seen before",
    "drift": "rows that would have to change their value to restore the usual mix",
    "copied": "rows copied from an earlier partition",
    "duplicate_rate": "rows that repeat another row",
}
RELATED = {
    "undetermined": "rows that no longer follow from {}",
    "rank_correlation": "rank correlation with {}",
    "null_mismatch": "rows without a value where {} has one, or the other way round",
}
NUMBERS = {
    "q01": "1st percentile",
    "q05": "5th percentile",
    "q25": "first quartile",
    "q75": "third quartile",
    "q95": "95th percentile",
    "q99": "99th percentile",
    "sd": "standard deviation",
    "length_mean": "mean length",
    "length_minimum": "shortest length",
    "length_maximum": "longest length",
    "distinct": "distinct values",
    "longest_run": "longest run of one value",
    "serial_1": "likeness to the row before",
    "serial_3": "likeness to the third row before",
    "log_rows": "rows",
}
TELLING = (
    "copied", "null_rate", "never_seen", "lower_rate", "upper_rate", "median", "nan_rate", "infinite_rate", "true_rate",
    "negative_rate", "zero_rate", "drift", "duplicate_rate", "top_share", "mean", "length_mean",
)  # fmt: skip


def name_of(fact: str) -> str:
    """The fact in words.

    >>> name_of("q25"), name_of("median")
    ('first quartile', 'median')
    """
    if fact.startswith(LEVEL):
        return f"rows with `{fact.removeprefix(LEVEL)}`"
    return RATES.get(fact) or NUMBERS.get(fact) or fact.replace("_", " ")


def show_band(fact: str, low: float, high: float) -> str:
    """Where a fact is expected: one value where both ends read alike.

    >>> show_band("median", 55.04, 88.0), show_band("distinct", 2.0, 2.2)
    ('55.0 to 88.0', '2')
    """
    least, most = show(fact, low), show(fact, high)
    return least if least == most else f"{least} to {most}"


def show(fact: str, value: float) -> str:
    """A fact's value as people read it: shares in percent, numbers with as many digits as matter.

    >>> show("null_rate", 0.256), show("median", 21.437), show("distinct", 1204.0)
    ('25.6 %', '21.4', '1,204')
    """
    if fact in RATES or fact.startswith(LEVEL) or fact in ("undetermined", "null_mismatch"):
        return f"{100 * value:.3g} %" if abs(value) < 0.9995 else "100 %"
    if fact in ("distinct", "longest_run", "log_rows") or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"
