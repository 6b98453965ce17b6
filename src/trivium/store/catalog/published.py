"""What the catalog remembers of published pipelines."""

from __future__ import annotations

from typing import Protocol

from trivium.values.published import Publication


class Published(Protocol):
    """Published pipelines. Guarantees: each method is one transaction. Versions count 1, 2, 3 without gaps, and never
    change."""

    def publish(self, draft: Publication) -> Publication:
        """The draft is the next version of its name, with an event; the newest one when that is the same pipeline.

        The same are equal code, parameters, result and tables. The draft's version does not matter.
        """

    def get_publication(self, name: str, version: int | None = None) -> Publication:
        """This version (None: the newest). Raises NotFound, naming what there is."""

    def list_publications(self, *, name: str | None = None, limit: int = 50) -> list[Publication]:
        """Versions, newest first."""
