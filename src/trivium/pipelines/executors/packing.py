"""An attempt made ready for a process of this program: what travels with it, by name or as it is here."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from trivium.code.module_file import file_of_module
from trivium.pipelines.attempt import Attempt
from trivium.pipelines.executors.own_environment import is_other_python
from trivium.pipelines.executors.transport import Job, Setup, pack_job
from trivium.pipelines.main_module import types_of_main


def pack_attempt(attempt: Attempt, log: Path, setup: Setup, *, by_value: bool) -> bytes:
    """The attempt as bytes. log: the file that takes what the task prints. by_value: with the first-party code that its
    key was made of, as it is here; else the code is found by name, and compared with the key.

    Raises UnsupportedValue for an argument that cannot leave this process.
    """
    types = types_of_main() if setup.main is None else {}
    job = Job(attempt, str(log), "" if by_value else attempt.code, types, tuple(warnings.filters))
    modules = first_party_modules(attempt.files) if by_value else ()
    return pack_job(job, by_value=modules, by_name=is_other_python(attempt.environment))


def first_party_modules(files: Sequence[str]) -> list[ModuleType]:
    """The loaded modules that are made of these files."""
    return [module for module in list(sys.modules.values()) if file_of_module(module) in files]
