"""The engine of frames, loaded when the first one appears: that takes as long as a short run without any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.deferred import Deferred

if TYPE_CHECKING:
    import polars as pl
else:
    pl = Deferred("polars")

__all__ = ["pl"]
