"""What a notebook draws when a value stands on the last line of a cell."""

from __future__ import annotations

from importlib import import_module

CARDS = "trivium.pictures.cards"  # loaded when something is looked at, not before


class Shown:
    """A value that Jupyter shows as a card; anywhere else it is as it was."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(import_module(CARDS).draw_card(self))
