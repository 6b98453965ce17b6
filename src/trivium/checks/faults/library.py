"""The faults by name: those that the method is tuned on, and those that it is only measured on."""

from __future__ import annotations

from trivium.checks.faults import held_out
from trivium.checks.faults.columns import column_change
from trivium.checks.faults.fault import Fault
from trivium.checks.faults.numbers import sign_flip, unit_change
from trivium.checks.faults.rows import category_drop, duplication, truncation
from trivium.checks.faults.texts import garbling, recoding
from trivium.checks.faults.times import time_shift
from trivium.checks.faults.values import constant_fill, null_spike, shuffle, stale_copy

FAULTS = {
    "null_spike": Fault(null_spike, "any"),
    "unit_change": Fault(unit_change, "number"),
    "stale_copy": Fault(stale_copy, "any", most=3, past=True),
    "sign_flip": Fault(sign_flip, "number"),
    "constant_fill": Fault(constant_fill, "any"),
    "recoding": Fault(recoding, "category"),
    "category_drop": Fault(category_drop, "category", of_rows=True),
    "truncation": Fault(truncation, "rows", of_rows=True),
    "duplication": Fault(duplication, "rows", of_rows=True),
    "time_shift": Fault(time_shift, "time"),
    "shuffle": Fault(shuffle, "any"),
    "column_change": Fault(column_change, "any"),
    "garbling": Fault(garbling, "text"),
}
HELD_OUT = {
    "sentinel": Fault(held_out.sentinel, "any"),
    "rounding": Fault(held_out.rounding, "number"),
    "saturation": Fault(held_out.saturation, "number"),
    "scaling": Fault(held_out.scaling, "number"),
    "offset": Fault(held_out.offset, "number"),
    "inverse_unit": Fault(held_out.inverse_unit, "number"),
    "decimal_comma": Fault(held_out.decimal_comma, "number"),
    "overflow": Fault(held_out.overflow, "number"),
    "noise": Fault(held_out.noise, "number"),
    "mean_imputation": Fault(held_out.mean_imputation, "number"),
    "stuck": Fault(held_out.stuck, "any"),
    "misalignment": Fault(held_out.misalignment, "any"),
    "swap": Fault(held_out.swap, "number", most=2, fewest=2),
    "cut_text": Fault(held_out.cut_text, "text"),
    "padding": Fault(held_out.padding, "text"),
    "label_permutation": Fault(held_out.label_permutation, "category"),
    "day_month_swap": Fault(held_out.day_month_swap, "time"),
    "midnight": Fault(held_out.midnight, "time"),
    "fan_out": Fault(held_out.fan_out, "any", of_rows=True),
    "segment_loss": Fault(held_out.segment_loss, "rows", of_rows=True),
    "biased_sample": Fault(held_out.biased_sample, "number", of_rows=True),
    "foreign_rows": Fault(held_out.foreign_rows, "rows", of_rows=True, past=True),
}
EVERY_FAULT = {**FAULTS, **HELD_OUT}
