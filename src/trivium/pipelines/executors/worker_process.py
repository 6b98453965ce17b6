"""A worker process as the engine sees it."""

from __future__ import annotations

import pickle
import signal
import socket
import subprocess
import sys
import uuid
from contextlib import suppress

from trivium.pipelines.executors.channel import Channel
from trivium.pipelines.executors.process_tree import MARK, kill_group, kill_marked
from trivium.pipelines.executors.transport import Setup

GRACE = 5.0
# What is imported is no garbage, and looking for some takes a tenth of the start; `start` has it looked for again.
PROGRAM = "import gc; gc.disable(); from trivium.pipelines.executors.worker import start; start()"


class WorkerProcess:
    """Started at once, ready when it answers. `mark` is in the environment of all that it starts.

    used: whether it has tried a task, so that modules of the user's own are in it as they were then.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.used = False
        self.mark = uuid.uuid4().hex
        self._gone = False
        told = pickle.dumps(setup)
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 # this Python, and a module of ours
                [*([setup.python, "-P"] if setup.python else [sys.executable]), "-c", PROGRAM, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={**setup.environ, MARK: self.mark},
            )
        self.channel = Channel(ours)
        with suppress(OSError):  # it has ended, which is noticed when its answer is waited for
            self.channel.send(told)

    @property
    def alive(self) -> bool:
        """Whether it can take a job."""
        return self._process.poll() is None

    def fileno(self) -> int:
        return self.channel.fileno()

    def end(self) -> None:
        """It is gone with all that it started."""
        if self._gone:
            return
        self._gone = True
        kill_group(self._process.pid)
        self.channel.close()
        self._process.wait()  # it is gone in a moment, and then mostly nobody is left to look for again
        kill_marked(self.mark)

    def why_it_ended(self) -> str:
        """How a process ended that does not answer any more, in words; what it started is gone as well."""
        try:
            status = self._process.wait(timeout=GRACE)
        except subprocess.TimeoutExpired:
            self.end()
            return "the process gave up its connection and was ended"
        self.end()
        return tell_status(status)


def tell_status(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"the process ended with status {status} before the task returned"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
    why = {"SIGKILL": ": perhaps the machine was out of memory", "SIGSEGV": ": a fault in compiled code"}.get(name, "")
    return f"the process was killed by {name}{why}"
