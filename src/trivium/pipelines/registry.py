"""The project's own modules: imported from the files that its settings name, once, and what they declare."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from trivium.code.module_file import file_of_module, load_file
from trivium.code.source import is_first_party
from trivium.digest import digest_of
from trivium.errors import Misuse, NotFound, TriviumError
from trivium.pipelines.import_place import import_place
from trivium.pipelines.pipeline import Pipeline
from trivium.settings import Settings

T = TypeVar("T")


def import_project(settings: Settings) -> list[ModuleType]:
    """The modules that `settings.pipelines` names (paths relative to the root), imported.

    Raises Misuse when a file is absent or fails to import, with its error and line.
    """
    return [import_file(settings.root / path, settings.root) for path in settings.pipelines]


def find_pipeline(name: str, settings: Settings) -> Pipeline[Any, Any]:
    """The pipeline with this name. Raises NotFound naming those that there are."""
    known = list_pipelines(settings)
    for each in known:
        if each.name == name:
            return each
    if not settings.pipelines:
        raise NotFound(
            f'There is no pipeline {name!r}: the project names no files. Add `pipelines = ["my_pipelines.py"]` to '
            f"{settings.root / 'trivium.toml'}."
        )
    names = ", ".join(each.name for each in known) or "none"
    raise NotFound(f"There is no pipeline {name!r} in {', '.join(settings.pipelines)}; there are: {names}.")


def list_pipelines(settings: Settings) -> list[Pipeline[Any, Any]]:
    """Every pipeline of the project's modules, by name."""
    return sorted(list_declared(settings, Pipeline), key=lambda each: each.name)


def list_declared(settings: Settings, kind: type[T]) -> list[T]:
    """Every object of this kind at the top of the project's modules (pipelines, tables, endpoints), each once."""
    found = [value for module in import_project(settings) for value in vars(module).values() if isinstance(value, kind)]
    return list({id(value): value for value in found}.values())


def import_file(file: Path, root: Path) -> ModuleType:
    """The module of this file; a file that is already imported is not imported again.

    Its folder (for a file of a package: the folder that holds the package) is on the import path afterwards, as when
    the file is run as a script.
    """
    path = file.resolve()
    if not path.is_file():
        raise Misuse(f"There is no file {file} (named by `pipelines` in the settings of {root}).")
    known = _find_imported(path)
    if known is not None:
        return known
    folder, name = import_place(path)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return _import(path, name if _is_free(name, path) else f"{name}_{digest_of('module', str(path))[:8]}")


def _find_imported(path: Path) -> ModuleType | None:
    for module in list(sys.modules.values()):
        file = file_of_module(module)
        if file and Path(file).name == path.name and Path(file).resolve() == path:
            return module
    return None


def _is_free(name: str, path: Path) -> bool:
    """Whether this name finds this file, rather than another module of the same name."""
    if name in sys.modules or not all(part.isidentifier() for part in name.split(".")):
        return False
    importlib.invalidate_caches()
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    except Exception as error:  # a package above the file fails to import
        raise _import_failed(path, error) from error
    return found is not None and found.origin is not None and Path(found.origin).resolve() == path


def _import(path: Path, name: str) -> ModuleType:
    try:
        return load_file(path, name)
    except (TriviumError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise _import_failed(path, error) from error


def _import_failed(path: Path, error: BaseException) -> Misuse:
    """The refusal names the line of the file, and that of the module of the user's own in which its import failed."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [(Path(frame.filename), frame.lineno) for frame in frames if is_first_party(frame.filename)]
    if isinstance(error, SyntaxError) and error.filename:
        places.append((Path(error.filename), error.lineno))
    lines = [line for file, line in places if file == path]
    where = f"{path}, line {lines[-1]}" if lines else str(path)
    inner = f" ({places[-1][0]}, line {places[-1][1]})" if places and places[-1][0] != path else ""
    return Misuse(f"{where} fails to import: {type(error).__name__}: {error}{inner}")
