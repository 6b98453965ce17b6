"""How the story is told in a terminal: chapters, sentences, small tables and progress."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console, JustifyMethod
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid
from rich.text import Text

T = TypeVar("T")
WIDTH = 120
INDENT = 3


class Narrator:
    """Writes to one console. Progress bars show on a terminal only; elsewhere a line when the work is done."""

    def __init__(self, console: Console) -> None:
        self.console = console
        if not console.is_terminal:
            console.width = max(console.width, WIDTH)
        self.started = time.monotonic()

    def chapter(self, number: int, title: str) -> None:
        """A new chapter begins."""
        elapsed = time.monotonic() - self.started
        self.console.print()
        self.console.print(f"[bold cyan]{number}. {title}[/] [dim]({elapsed:.0f} s)[/]", highlight=False)

    def say(self, text: str) -> None:
        """A sentence of the story; rich markup is allowed. It wraps on a terminal, and stays one line elsewhere."""
        if self.console.is_terminal:
            self.console.print(Padding(Text.from_markup(text), (0, 0, 0, INDENT)))
        else:
            self.console.print(" " * INDENT + text, highlight=False, soft_wrap=True)

    def show(self, headers: Sequence[str], rows: Iterable[Sequence[object]], *, texts: Sequence[int] = (0,)) -> None:
        """A small table; `texts` are the places of columns that are words, not figures."""
        grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim", show_header=any(headers))
        for position, header in enumerate(headers):
            # Only the last column gives way when the terminal is narrow: it wraps.
            justify: JustifyMethod = "left" if position in texts else "right"
            grid.add_column(header, justify=justify, no_wrap=position < len(headers) - 1)
        for row in rows:
            grid.add_row(*(str(cell) for cell in row))
        self.console.print(Padding(grid, (0, 0, 0, INDENT)))

    def track(self, items: Sequence[T], what: str) -> Iterator[T]:
        """The items, with a progress bar over them."""
        with self.progress() as bar:
            work = bar.add_task(what, total=len(items))
            for item in items:
                yield item
                bar.advance(work)

    def progress(self) -> Progress:
        """A progress bar that leaves nothing behind."""
        columns = (TextColumn("   {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        return Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)
