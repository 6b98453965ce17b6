"""Writers of a file take turns."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trivium.store.turn import Turn

HOLD = """
import sys
from pathlib import Path
from trivium.store.turn import Turn
with Turn(Path(sys.argv[1])).taken(10):
    print("mine", flush=True)
    input()
"""


@pytest.fixture
def new_turn(tmp_path: Path) -> Iterator[Callable[[], Turn]]:
    """Opens the same lock file again and again, as other writers would."""
    turns: list[Turn] = []

    def open_one() -> Turn:
        turns.append(Turn(tmp_path / "turn"))
        return turns[-1]

    yield open_one
    for turn in turns:
        turn.close()


def test_while_one_has_the_turn_another_waits_and_then_gives_up(new_turn: Callable[[], Turn]) -> None:
    first, second = new_turn(), new_turn()
    with first.taken(1), pytest.raises(TimeoutError), second.taken(0.05):
        pass
    with second.taken(0):
        pass


def test_a_process_that_is_killed_gives_its_turn_up(tmp_path: Path, new_turn: Callable[[], Turn]) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "turn")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"mine\n"
        with pytest.raises(TimeoutError), new_turn().taken(0):
            pass
        holder.kill()
    with new_turn().taken(0):
        pass
