"""The cache key of a task: its code with all first-party code it reaches, its inputs' content, its environment.

Not part of it: comments, docstrings, formatting, file and module names, resources, and the machine. The hard cases
are in `source` (what counts as the same code), `reach` (what is reached) and `fingerprint` (what a value is).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from trivium.code.fingerprint import fingerprint
from trivium.digest import digest_of
from trivium.pipelines.given import Given
from trivium.pipelines.graph import Node, Output, leaves, source
from trivium.pipelines.path_content import digest_path
from trivium.pipelines.reach import Reached, reach
from trivium.pipelines.secrets import Secret
from trivium.pipelines.signature import is_table
from trivium.pipelines.slices import Slice
from trivium.pipelines.spark.options import options_in_key
from trivium.values.runs import ArtifactRef, TableInput


class InputPart(Struct, frozen=True, omit_defaults=True):
    """One argument: what kind of thing it is, the digest of its content, and how it is shown to people.

    files: the digest of what is in each file or folder that it names, by the path as it is written. tables: the version
    of each table in it.
    """

    kind: Literal["table", "task", "parameter", "file"]
    digest: str
    shown: str
    files: dict[str, str] = {}
    tables: dict[str, int] = {}


class KeyParts(Struct, frozen=True):
    """Everything that a cache key is made of, kept so that two keys can be compared."""

    task: str
    version: str
    code: tuple[tuple[str, str], ...]
    inputs: dict[str, InputPart]
    environment: str

    @property
    def files(self) -> dict[str, str]:
        """The digest of what is in each file or folder that an input names, by the path as it is written."""
        return {path: digest for part in self.inputs.values() for path, digest in part.files.items()}


def cache_key(parts: KeyParts) -> str:
    """The key: SHA-256 over the parts' digests."""
    inputs = {name: part.digest for name, part in parts.inputs.items()}
    return digest_of("task", [parts.task, parts.version, parts.code, inputs, parts.environment])


def key_parts(
    node: Node,
    artifacts: Mapping[str, tuple[ArtifactRef, ...]],
    tables: Mapping[str, TableInput],
    environment: str,
    reached: Reached | None = None,
) -> KeyParts:
    """The parts of this node's key, when the results of all its upstream nodes are known.

    reached: the code that its task reaches, when that was found before.

    Raises CacheKeyError, naming what has no content to compare.
    """
    return KeyParts(
        task=node.task.name,
        version=node.task.options.version,
        code=(reached or reach(node.task.function)).code,
        inputs={name: _input_part(name, value, artifacts, tables) for name, value in _inputs_of(node).items()},
        environment=environment,
    )


def encode_parts(parts: KeyParts) -> bytes:
    """The parts as they are stored."""
    return msgspec.json.encode(parts)


def decode_parts(data: bytes) -> KeyParts | None:
    """Stored parts; None when they were written in another form."""
    try:
        return msgspec.json.decode(data, type=KeyParts)
    except msgspec.DecodeError:
        return None


def _digests(leaf: Node | Output | Given, artifacts: Mapping[str, tuple[ArtifactRef, ...]]) -> list[str]:
    return [ref.digest for ref in leaf.refs] if isinstance(leaf, Given) else artifact_digest(leaf, artifacts)


def artifact_digest(leaf: Node | Output, artifacts: Mapping[str, tuple[ArtifactRef, ...]]) -> list[str]:
    """Digests of what this node, or this one output of it, made."""
    refs = artifacts[source(leaf).name]
    return [refs[leaf.index].digest] if isinstance(leaf, Output) else [ref.digest for ref in refs]


def _inputs_of(node: Node) -> Mapping[str, Any]:
    """The arguments, and what is as good as one: declared secrets, settings of SQL, and where it goes."""
    options = node.task.options
    more: dict[str, Any] = {"@secrets": sorted(options.secrets)} if options.secrets else {}
    if spark := options_in_key(options.spark):
        more["@spark"] = spark
    if options.commits is not None:
        more["@commits"] = [options.commits.name, node.partition]
    return {**node.arguments, **more}


def _input_part(
    name: str, value: Any, artifacts: Mapping[str, tuple[ArtifactRef, ...]], tables: Mapping[str, TableInput]
) -> InputPart:
    files: dict[str, str] = {}
    content = digest_of("input", fingerprint(value, _special(name, artifacts, tables, files)))
    inside = list(leaves(value))
    promised = [source(leaf).name for leaf in inside if isinstance(leaf, Node | Output)]
    promised += [leaf.node for leaf in inside if isinstance(leaf, Given)]
    versions = {leaf.name: tables[leaf.name].version for leaf in inside if is_table(leaf)}
    versions |= {leaf.table.table: leaf.table.version for leaf in inside if isinstance(leaf, Slice)}
    told = [f"{path} ({digest[:12]})" for path, digest in files.items()]
    if promised or files:
        shown = ", ".join(dict.fromkeys([*promised, *told]))
        return InputPart("task" if promised else "file", content, shown, files)
    named = ", ".join(f"{table} version {version}" for table, version in versions.items())
    return InputPart("table" if named else "parameter", content, named or _short(value), tables=versions)


def _special(
    name: str,
    artifacts: Mapping[str, tuple[ArtifactRef, ...]],
    tables: Mapping[str, TableInput],
    files: dict[str, str],
) -> Callable[[Any], Any]:
    """files: collects those that a Path names, with the digest of what is in them."""

    def answer(value: Any) -> Any:
        if isinstance(value, Node | Output | Given):
            return ["artifact", _digests(value, artifacts)]
        if is_table(value) or isinstance(value, Slice):
            return ["slice", value.table.digest] if isinstance(value, Slice) else ["table", tables[value.name].digest]
        if isinstance(value, Path) and (found := digest_path(value)) is not None:
            files[str(value)] = found
            return ["path", str(value), found]
        if isinstance(value, Secret):
            return ["secret", value.name]
        if callable(value) and not hasattr(type(value), "__struct_fields__"):
            return ["code", reach(value).code]
        return None

    return answer


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
