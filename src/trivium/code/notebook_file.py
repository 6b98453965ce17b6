"""A notebook's file as code: without what came out of its cells."""

from __future__ import annotations

from typing import Any

import msgspec

SUFFIX = ".ipynb"


def without_outputs(data: bytes) -> bytes:
    """The file (nbformat 4) without outputs and counts; what is no such file, as it is."""
    try:
        content: dict[str, Any] = msgspec.json.decode(data)
        for cell in content["cells"]:
            if cell["cell_type"] == "code":
                cell |= {"outputs": [], "execution_count": None}
    except (msgspec.DecodeError, KeyError, TypeError):
        return data
    return msgspec.json.encode(content)
