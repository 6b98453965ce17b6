"""Groups of commands. The outermost one loads a noun's module only when that noun is used, so that help is instant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from trivium.cli.nouns import NOUNS, load_noun

HELP_FLAGS = {"help_option_names": ["-h", "--help"]}


class NounGroup(TyperGroup):
    """`trivium` itself: its commands are the nouns."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every noun, in the order of the registry."""
        return list(NOUNS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The noun's command, or None."""
        if cmd_name not in NOUNS:
            return None
        command = get_command(load_noun(cmd_name))
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The nouns with their one line each, without loading any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(word, noun.help) for word, noun in NOUNS.items()])


def noun_app(help_text: str) -> typer.Typer:
    """An empty group of verbs; without a verb it shows its help."""
    app = typer.Typer(
        help=help_text, no_args_is_help=True, add_completion=False, rich_markup_mode=None, context_settings=HELP_FLAGS
    )
    app.callback()(_nothing)  # keeps it a group, also while it has a single verb
    return app


def single_app(command: Callable[..., None]) -> typer.Typer:
    """A noun that is itself a command."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=HELP_FLAGS)
    app.command(context_settings=HELP_FLAGS)(command)
    return app


def _nothing() -> None:
    return
