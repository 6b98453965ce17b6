"""Notebooks written as Jupyter writes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Notebook = Callable[..., Path]


def code(text: str, count: int | None = None, *, outputs: int = 0) -> dict[str, Any]:
    """A code cell of nbformat 4."""
    output = {"output_type": "stream", "name": "stdout", "text": ["1\n"]}
    return {
        "cell_type": "code", "source": text.strip("\n").splitlines(keepends=True), "execution_count": count,
        "outputs": [output] * outputs, "metadata": {},
    }  # fmt: skip


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    """Writes `explore.ipynb`: texts are code cells that ran in order, texts with `# ` first are Markdown."""

    def write(*cells: str | dict[str, Any], name: str = "explore.ipynb") -> Path:
        found: list[dict[str, Any]] = []
        for each in cells:
            if isinstance(each, dict):
                found.append(each)
            elif each.startswith("# "):
                found.append({"cell_type": "markdown", "source": each, "metadata": {}})
            else:
                found.append(code(each, 1 + sum(one["cell_type"] == "code" for one in found)))
        content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": found}
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
        return tmp_path / name

    return write
