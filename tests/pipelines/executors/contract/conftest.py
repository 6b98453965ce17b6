"""The contract is one suite over every executor: another one joins by a word in `scope.py`.

Tests ask for `store`, whose tasks run in processes of their own unless the test says EVERYWHERE.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import ray
from tests.pipelines.executors.failed import Module
from tests.pipelines.executors.scope import OWN_PROCESSES

from trivium.pipelines.executors.ray_cluster import join_ray
from trivium.store.store import Store, connect

JOINED = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # Ray takes 127.0.0.1 for its address, as where it was started
HEAD = """
import json, os, signal, socket, subprocess, sys, threading, time
from dataclasses import dataclass
from pathlib import Path
import polars as pl
import trivium as tv
"""


@pytest.fixture(params=OWN_PROCESSES)
def executor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The executor's name, which is also what the settings say."""
    name = str(request.param)
    if name == "ray":
        request.getfixturevalue("own_ray")
    monkeypatch.setenv("TRIVIUM_EXECUTOR", name)
    return name


@pytest.fixture
def store(executor: str, tmp_path: Path) -> Iterator[Store]:
    with connect(tmp_path / "project", actor="ada", durability="fast") as opened:
        yield opened


@pytest.fixture
def module(module: Module) -> Module:
    """Writes source text, below the imports that any of the tests needs, to a file of its own and imports it."""

    def make(source: str, *place: str) -> ModuleType:
        return module(HEAD + source, *place)

    return make


@pytest.fixture
def elsewhere(executor: str) -> Callable[..., dict[str, str]]:
    """The environment of another process with the same executor; on Ray it joins the one that these tests have."""
    if executor == "ray":
        join_ray("")
    here = {**JOINED, "RAY_ADDRESS": ray.get_runtime_context().gcs_address} if executor == "ray" else {}

    def environ(**more: str) -> dict[str, str]:
        return {**os.environ, **here, **more}

    return environ
