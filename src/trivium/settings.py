"""Where things are and who acts. Precedence: flag, environment (TRIVIUM_*), project file, user file, default."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from trivium.deferred import Deferred
from trivium.errors import Misuse
from trivium.values.environments import EnvironmentSpec

if TYPE_CHECKING:
    import tomllib
else:
    tomllib = Deferred("tomllib")  # a worker is told the settings, and needs no file

PROJECT_FILE = "trivium.toml"
STATE_FOLDER = ".trivium"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One project's settings. `root` is the folder that holds `trivium.toml` and `.trivium/`.

    store: where the catalog is: a `postgresql://` URL, or "" for a file in `.trivium/`.
    storage: where rows and blobs are: a folder, from `root` unless absolute, or `s3://bucket/prefix`.
    checkpoints: the folder, apart from the project, in which signed checkpoints of the audit log are kept; "" for one
    of the user's own, "off" for none. audit_key: the file of the key that signs them, or the key itself as PEM text.
    spark: the master of Spark for tasks on it ("spark://host:7077"); "" for this machine, with a task's cpus.
    secrets: the TOML file, from `root` unless absolute, of secrets that no variable has; only its owner may read it.
    env: environments that tasks may name: `[env.torch]` with requirements, python, lock or image.
    openlineage: who is sent lineage: an `http(s)://` URL, or a file; "" for nobody. openlineage_key: a server's token.
    """

    root: Path
    actor: str
    store: str = ""
    storage: str = STATE_FOLDER
    durability: Literal["full", "fast"] = "full"
    approvals: Annotated[int, msgspec.Meta(ge=0)] = 1
    executor: str = "local"
    pipelines: tuple[str, ...] = ()
    spark: str = ""
    secrets: str = ""
    env: dict[str, EnvironmentSpec] = {}
    openlineage: str = ""
    openlineage_key: str = ""
    checkpoints: str = ""
    audit_key: str = ""

    @property
    def state(self) -> Path:
        """The folder of everything that Trivium keeps."""
        return self.root / STATE_FOLDER


def load_settings(start: Path | None = None, *, environ: Mapping[str, str] = os.environ, **flags: object) -> Settings:
    """The settings of the project around `start` (default: the working folder).

    Raises Misuse when a file or variable holds an unknown name or a value of the wrong type.
    """
    root = Path(environ.get("TRIVIUM_ROOT") or find_root(start or Path.cwd())).absolute()  # for processes elsewhere
    layers: list[Mapping[str, object]] = [
        {"actor": user_name()},
        read_table(Path(environ.get("HOME", "/")) / ".config" / "trivium" / "config.toml"),
        read_project(root),
        {
            name: environ[f"TRIVIUM_{name.upper()}"]
            for name in (
                "actor",
                "store",
                "storage",
                "durability",
                "approvals",
                "executor",
                "spark",
                "secrets",
                "openlineage",
                "openlineage_key",
                "checkpoints",
                "audit_key",
            )
            if f"TRIVIUM_{name.upper()}" in environ
        },
        {name: value for name, value in flags.items() if value is not None},
    ]
    merged: dict[str, object] = {}
    for layer in layers:
        merged.update(layer)
    try:
        return msgspec.convert({**merged, "root": root}, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        known = ", ".join(field for field in Settings.__struct_fields__ if field != "root")
        raise Misuse(f"The settings of {root} are not usable: {error}. Known settings: {known}.") from None


def parameter_variables(pipeline: str, *, environ: Mapping[str, str] = os.environ) -> tuple[str, dict[str, str]]:
    """(prefix, variables that begin with it) of a pipeline's parameters: `TRIVIUM_PARAM_LATENESS__DEPTH=4`."""
    prefix = f"TRIVIUM_PARAM_{pipeline.upper().replace('-', '_')}__"
    return prefix, {name: text for name, text in environ.items() if name.startswith(prefix)}


def user_folder(kind: Literal["config", "state", "cache"], *, environ: Mapping[str, str] = os.environ) -> Path:
    """Where this user's own settings are, or what Trivium remembers or can make anew (XDG Base Directory, 0.8)."""
    named = Path(environ.get(f"XDG_{kind.upper()}_HOME", ""))
    default = {"config": ".config", "state": ".local/state", "cache": ".cache"}[kind]
    return (named if named.is_absolute() else Path(environ.get("HOME") or Path.home()) / default) / "trivium"


def find_root(start: Path) -> Path:
    """The nearest folder upwards that is a project; `start` itself when there is none."""
    return next((folder for folder in (start, *start.parents) if is_project(folder)), start)


def is_project(folder: Path) -> bool:
    """Whether the folder holds a project file or what Trivium keeps."""
    return (folder / PROJECT_FILE).is_file() or (folder / STATE_FOLDER).is_dir() or _has_tool_table(folder)


def read_project(root: Path) -> dict[str, Any]:
    """The project file's settings, from `trivium.toml` or `[tool.trivium]` of `pyproject.toml`."""
    if (root / PROJECT_FILE).is_file():
        return read_table(root / PROJECT_FILE)
    tools = read_table(root / "pyproject.toml").get("tool")
    table = tools.get("trivium") if isinstance(tools, dict) else None
    return table if isinstance(table, dict) else {}


def read_table(path: Path) -> dict[str, Any]:
    """A TOML file's content, empty when there is none. Raises Misuse when it is not TOML."""
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misuse(f"{path} is not valid TOML: {error}.") from None


def user_name() -> str:
    """The name of whoever is at the keyboard; "unknown" where the system has no name for them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _has_tool_table(folder: Path) -> bool:
    file = folder / "pyproject.toml"
    return file.is_file() and "[tool.trivium]" in file.read_text(encoding="utf-8", errors="replace")


def _path(kind: type, value: object) -> object:
    return Path(str(value)) if kind is Path else value
