"""Messages over a socket: a length, then that many bytes."""

from __future__ import annotations

import socket
import struct

LENGTH = struct.Struct("!Q")
CHUNK = 1 << 20


class Channel:
    """One end of a connected socket. Both ends are trusted: they are this program."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def fileno(self) -> int:
        return self._end.fileno()

    def send(self, message: bytes) -> None:
        """The message is on its way. Raises OSError when nobody is at the other end."""
        head = LENGTH.pack(len(message))
        if len(message) > CHUNK:
            self._end.sendall(head)
            self._end.sendall(message)
        else:  # the other end wakes up once
            self._end.sendall(head + message)

    def receive(self) -> bytes | None:
        """The next message; None when the other end is gone."""
        head = self._read(LENGTH.size)
        return None if head is None else self._read(LENGTH.unpack(head)[0])

    def close(self) -> None:
        self._end.close()

    def _read(self, size: int) -> bytes | None:
        parts: list[bytes] = []
        while size:
            try:
                part = self._end.recv(min(size, CHUNK))
            except OSError:
                return None
            if not part:
                return None
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
