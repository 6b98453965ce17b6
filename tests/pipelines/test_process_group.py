from __future__ import annotations

import sys

import pytest

from trivium.errors import MissingExtra
from trivium.pipelines.process_group import process_group


def test_without_pytorch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"pip install 'trivium\[torch\]'"), process_group():
        pass
