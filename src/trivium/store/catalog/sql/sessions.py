"""The open sessions of one process: a thread has its own, and a fork shares none."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from trivium.errors import TriviumError
from trivium.store.catalog.sql.session import Session

FORK_SECONDS = 5.0


class Owned:
    """A session and the thread that it belongs to; the lock is held while it is used."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.thread = threading.current_thread()
        self.lock = threading.RLock()


class Sessions:
    """Opens sessions as threads need them.

    Before a fork, those that are not in use are closed, because SQLite's locks belong to a process: a child would write
    to a log that its parent may remove. When one is in use for so long that it stays open, the child is refused.
    """

    def __init__(self, connect: Callable[[], Session], inherited: Sessions | None = None) -> None:
        self.process = os.getpid()
        self.left_open = False
        self._connect = connect
        # Closing what the parent process still uses would end it there; forgetting it might close it: so it is kept.
        self._inherited = inherited
        self._local = threading.local()
        self._opened: list[Owned] = []
        self._guard = threading.Lock()
        os.register_at_fork(before=partial(_prepare_fork, weakref.ref(self)))

    def child(self) -> Sessions:
        """The sessions of this process, which is a fork of the one that these belong to."""
        if self.left_open:
            raise TriviumError(
                "This process was forked while a thread of its parent was writing to the catalog, so it cannot use it. "
                "Start processes when nobody writes, or by multiprocessing's 'spawn'."
            )
        return Sessions(self._connect, inherited=self)

    def current(self) -> Session:
        """This thread's session, opened when there is none that works."""
        return self._owned().session

    @contextmanager
    def using(self) -> Iterator[Session]:
        """This thread's session, which nobody closes inside the block."""
        owned = self._owned()
        owned.lock.acquire()
        try:
            while owned.session.broken:  # closed for a fork just before
                owned.lock.release()
                owned = self._owned()
                owned.lock.acquire()
            yield owned.session
        finally:
            owned.lock.release()

    def close(self) -> None:
        """All are closed, if they are this process's own."""
        if self.process == os.getpid():
            self._close_those(lambda owned: True)
            self._local = threading.local()

    def close_unused(self) -> None:
        """Those that nobody uses are closed; `left_open` says whether there were others."""
        self.left_open = False
        with self._guard:
            opened = list(self._opened)
        for owned in opened:
            if not owned.lock.acquire(timeout=FORK_SECONDS):
                self.left_open = True
                continue
            if owned.session.in_transaction:  # of this very thread
                self.left_open = True
            else:
                owned.session.close()
            owned.lock.release()

    def _owned(self) -> Owned:
        owned: Owned | None = getattr(self._local, "owned", None)
        if owned is None or owned.session.broken:
            owned = self._local.owned = Owned(self._connect())
            self._close_those(lambda each: each.session.broken or not each.thread.is_alive())
            with self._guard:
                self._opened.append(owned)
        return owned

    def _close_those(self, chosen: Callable[[Owned], bool]) -> None:
        with self._guard:
            leaving = [owned for owned in self._opened if chosen(owned)]
            self._opened = [owned for owned in self._opened if owned not in leaving]
        for owned in leaving:
            owned.session.close()


def _prepare_fork(reference: weakref.ref[Sessions]) -> None:
    sessions = reference()
    if sessions is not None and sessions.process == os.getpid():
        sessions.close_unused()
