"""The executed copy of a notebook: its cells with what came out of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import msgspec

from trivium.store.blobs import Blobs
from trivium.values.runs import ArtifactRef


class ExecutedNotebook:
    """A notebook's file (nbformat 4) after it has run. name: of the file that it is a copy of."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self.content = content

    def write(self, file: str | Path) -> Path:
        """The copy is in this file."""
        place = Path(file)
        place.write_bytes(self.content)
        return place

    @property
    def cells(self) -> list[dict[str, Any]]:
        """The cells as nbformat has them, each source as one text."""
        found: list[dict[str, Any]] = msgspec.json.decode(self.content)["cells"]
        return [{**cell, "source": "".join(cell["source"])} for cell in found]

    @property
    def text(self) -> str:
        """What the cells printed and displayed, as plain text, in order."""
        return "".join(_text(output) for cell in self.cells for output in cell.get("outputs", ()))

    def save(self, blobs: Blobs) -> ArtifactRef:
        """The copy is stored as it is."""
        facts = {"type": "trivium.notebooks.executed:ExecutedNotebook", "name": self.name}
        return ArtifactRef("notebook", blobs.put(self.content), len(self.content), facts)

    @classmethod
    def load(cls, blobs: Blobs, ref: ArtifactRef) -> Self:
        """The copy that was stored."""
        return cls(str(ref.facts["name"]), blobs.get(ref.digest))

    def __repr__(self) -> str:
        return f"ExecutedNotebook({self.name!r}, {len(self.content):,} bytes)"


def _text(output: dict[str, Any]) -> str:
    if output["output_type"] == "error":
        return f"{output['ename']}: {output['evalue']}\n"
    found = output.get("text") or output.get("data", {}).get("text/plain", "")
    text = found if isinstance(found, str) else "".join(found)
    return text if text.endswith("\n") or not text else f"{text}\n"
