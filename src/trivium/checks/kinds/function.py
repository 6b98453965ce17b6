"""Function: a Python function that looks at the rows of a partition and says what is wrong."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import polars as pl

from trivium.checks.kinds.outcome import Outcome, RowTest, judge_rows, unevaluable
from trivium.code.fingerprint import fingerprint, type_name
from trivium.code.source import digest_code
from trivium.digest import digest_of
from trivium.errors import CacheKeyError, Misuse
from trivium.frames import from_frame
from trivium.frames.frame import engine_error
from trivium.values.tables import CheckSpec, Severity

Function = Callable[[Any], Any]
ANSWERS = "return True or False, a text, or a boolean for each row"

# A check is stored as data, and its function stays in the processes that declared it: here.
_declared: dict[tuple[str, str], Function] = {}


def check(
    function: Function, *, name: str | None = None, severity: Severity = "block", owner: str | None = None
) -> CheckSpec:
    """A check by a Python function of a partition's rows, for what no other kind can say.

    The function takes one argument and gets the rows as the type that it annotates (a polars DataFrame unless it says
    otherwise: LazyFrame, pandas, pyarrow, a DuckDB relation). It returns
    True or None: passed; False: failed; a text: failed, for that reason ("": passed);
    (n,) booleans, or a polars expression: true for the rows that fail, null as well.
    An exception is a failed check with the error. It is not stopped when it takes long.

    What is stored is its name and the digest of its code, defaults and closure; a process that judges the table has to
    declare the same function. Raises Misuse for what is no Python function of one argument.
    """
    path = _path_of(function)
    _refuse_signature(function, path)
    try:
        code = digest_of("check", _content(function, set()))
    except CacheKeyError as error:
        raise Misuse(f"The check function {path} carries what cannot be compared: {error}") from None
    _declared[path, code] = function
    return CheckSpec(
        name=name or path.rpartition(":")[2],
        kind="function",
        arguments={"function": path, "code": code},
        severity=severity,
        owner=owner,
    )


def judge_function(check: CheckSpec, rows: pl.DataFrame) -> Outcome:
    """What the function says of the rows. Raises Misuse when this process did not declare it."""
    function = _get_function(check)
    try:
        return _outcome(check, rows, function(from_frame(rows.clone(), _wanted(function))))
    except BaseException as error:
        if not (isinstance(error, (Exception, SystemExit)) or engine_error(error)):
            raise
        story = next(iter(str(error).splitlines()), "")
        if isinstance(error, AssertionError) and story:
            return unevaluable(check, story)
        return unevaluable(check, f"{type(error).__name__}: {story}" if story else type(error).__name__)


def _get_function(check: CheckSpec) -> Function:
    path, code = str(check.arguments["function"]), str(check.arguments["code"])
    function = _declared.get((path, code))
    if function is not None:
        return function
    module = path.partition(":")[0]
    others = any(known == path for known, _ in _declared)
    why = "has other code than the one that was declared" if others else "is not known in this process"
    raise Misuse(
        f"Check {check.name!r} is the Python function {path} (code {code[:12]}), which {why}. Import the module that "
        f"declares the table (`import {module}`) before committing to it, or name its file in `pipelines` of the "
        "project's settings, which commands of the terminal import. Or declare the table anew with the function that "
        "you mean."
    )


def _outcome(check: CheckSpec, rows: pl.DataFrame, answer: Any) -> Outcome:
    if answer is None or isinstance(answer, (bool, np.bool_)):
        passed = answer is None or bool(answer)
        return Outcome(passed=passed, message=f"{check.name}: {'passed' if passed else 'the rows do not hold it'}")
    if isinstance(answer, str):
        return Outcome(passed=not answer, message=f"{check.name}: {answer or 'passed'}")
    mask = _mask(rows, answer)
    if mask.dtype != pl.Boolean or mask.len() != rows.height:
        return unevaluable(
            check,
            f"it returned {mask.len()} values of type {mask.dtype} for {rows.height} rows; {ANSWERS}",
        )
    marked = pl.lit(mask.fill_null(value=True))
    return judge_rows(rows, RowTest(marked, check.name, "no row that the function marks"))


def _mask(rows: pl.DataFrame, answer: Any) -> pl.Series:
    """The answer as a series; of a type that no mask has when it is something else."""
    if isinstance(answer, pl.LazyFrame):
        answer = answer.collect()
    if isinstance(answer, pl.DataFrame) and answer.width == 1:
        return answer.to_series()
    if isinstance(answer, pl.Expr):
        return rows.select(answer).to_series()
    if isinstance(answer, pl.Series):
        return answer
    values = np.asarray(answer)
    if values.ndim != 1:
        raise TypeError(f"it returned {type_name(type(answer))}; {ANSWERS}")
    if values.dtype == object:  # booleans and absent ones
        return pl.Series([bool(each) if isinstance(each, (bool, np.bool_)) else None for each in values])
    return pl.Series(values)


def _path_of(function: Function) -> str:
    """Module and name: "shop.checks:adds_up"."""
    inner = _plain(function)
    if not isinstance(inner, FunctionType):
        raise Misuse(f"check() takes a Python function of one argument, the rows; not {function!r}.")
    file = Path(inner.__code__.co_filename)
    script = inner.__module__ == "__main__" and file.suffix == ".py"  # the name by which others import it
    return f"{file.stem if script else inner.__module__}:{inner.__qualname__}"


def _plain(function: Any) -> Any:
    """The function inside of partials, methods and decorators."""
    while not isinstance(function, FunctionType):
        if isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, MethodType):
            function = function.__func__
        else:
            return function
    return function


def _refuse_signature(function: Function, path: str) -> None:
    try:
        inspect.signature(function).bind("rows")
    except (TypeError, ValueError) as error:
        raise Misuse(f"The check function {path} has to take one argument, the rows: {error}.") from None


def _wanted(function: Function) -> Any:
    """The annotation of the first parameter."""
    try:
        parameters = inspect.signature(function, eval_str=True).parameters
    except Exception:  # an annotation can be any text; unresolved it is one
        parameters = inspect.signature(function).parameters
    return next(iter(parameters.values())).annotation


def _content(function: Any, seen: set[int]) -> Any:
    """The function's code, and the values that it carries."""

    def special(value: Any) -> Any:
        if isinstance(value, (FunctionType, MethodType, functools.partial)):
            return _content(value, seen)
        return ["named", value.__name__] if isinstance(value, (type, ModuleType)) else None

    if id(function) in seen:
        return ["again"]
    seen.add(id(function))
    if isinstance(function, functools.partial):
        return ["partial", fingerprint([function.func, function.args, function.keywords], special)]
    if isinstance(function, MethodType):
        owner = function.__self__
        state = dict(vars(owner)) if hasattr(owner, "__dict__") else owner
        return ["method", _content(function.__func__, seen), fingerprint(state, special)]
    cells = [cell.cell_contents for cell in function.__closure__ or () if _is_set(cell)]
    carried = [function.__defaults__, function.__kwdefaults__, cells]
    return [digest_code(function.__code__), fingerprint(carried, special)]


def _is_set(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False
