"""How the story is told in a terminal: chapters, sentences, small tables and progress."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid

T = TypeVar("T")
WIDTH = 120


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
        """A sentence of the story; rich markup is allowed."""
        self.console.print(f"   {text}", highlight=False, soft_wrap=True)

    def show(self, headers: Sequence[str], rows: Iterable[Sequence[object]], *, texts: Sequence[int] = (0,)) -> None:
        """A small table; `texts` are the places of columns that are words, not figures."""
        grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim", show_header=any(headers))
        for position, header in enumerate(headers):
            grid.add_column(header, justify="left" if position in texts else "right", no_wrap=True)
        for row in rows:
            grid.add_row(*(str(cell) for cell in row))
        self.console.print(_indented(grid))

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


def _indented(grid: Grid) -> Grid:
    outer = Grid.grid(padding=(0, 0, 0, 3))
    outer.add_row(grid)
    return outer
