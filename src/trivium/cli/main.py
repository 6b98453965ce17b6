"""Where `trivium` starts, and how an error becomes one line and an exit status."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command

from trivium import __version__
from trivium.cli.flags import Flags
from trivium.cli.group import HELP_FLAGS, NounGroup
from trivium.errors import TriviumError

app = typer.Typer(
    cls=NounGroup,
    name="trivium",
    help="One database that understands machine learning, and a pipeline engine on it.",
    epilog="Exit status: 0 done, 1 a check or gate did not pass or the work failed, 2 misuse.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=HELP_FLAGS,
)


def main() -> None:
    """The command line of this process is carried out; the process ends with its exit status."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str]) -> int:
    """The arguments are carried out; returns the exit status. An error is one line on stderr, unless `--debug`."""
    with warnings.catch_warnings():
        warnings.showwarning = show_warning  # type: ignore[assignment] # takes and ignores the rest
        try:
            get_command(app).main(args=[word for word in arguments if word != "--debug"], prog_name="trivium")
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except TriviumError as error:
            return report(error, debug="--debug" in arguments)
    return 0


def report(error: TriviumError, *, debug: bool) -> int:
    """The error is told; returns its exit status."""
    if debug:
        traceback.print_exception(error)
    else:
        print(f"error: {error}", file=sys.stderr)
    return error.exit_status


def show_warning(message: Warning | str, *_where: object) -> None:
    """A warning is one line on stderr: where in the code it arose is nothing to a user."""
    print(f"warning: {message}", file=sys.stderr)


def show_version(wanted: bool) -> None:
    """`--version` prints it and ends."""
    if wanted:
        print(f"trivium {__version__}")
        raise typer.Exit


@app.callback()
def trivium(
    context: typer.Context,
    root: Annotated[
        Path | None, typer.Option("--root", help="The project's folder (default: the one around this folder).")
    ] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Who acts (default: who is logged in).")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=show_version, is_eager=True)
    ] = False,
) -> None:
    """One database that understands machine learning, and a pipeline engine on it."""
    context.obj = Flags(root=root, actor=actor)
