"""The system's errors about files, told by what to do about them."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trivium.errors import StorageFull, StorageUnavailable

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ENOTDIR, errno.EEXIST)
ENGINE_ERROR = re.compile(r"\(os error (\d+)\)")


@contextmanager
def tell_disk_errors(path: Path) -> Iterator[None]:
    """Inside the block, a full disk raises StorageFull and a refusing one StorageUnavailable; other errors pass.

    Engines wrap the system's error in one of their own, with its number in the text.
    """
    try:
        yield
    except Exception as error:
        number = error.errno if isinstance(error, OSError) else _engine_number(error)
        if number in FULL:
            raise StorageFull(
                f"There is no room for {path} ({os.strerror(number)}). Nothing was changed. Free space on the disk or "
                "raise its quota (`trivium gc --dry-run` tells what can be given up), and repeat the act."
            ) from error
        if number in REFUSED and isinstance(error, OSError):
            raise StorageUnavailable(
                f"{path} cannot be used ({os.strerror(number)}). Check its permissions and disk, and repeat the act."
            ) from error
        raise


def _engine_number(error: Exception) -> int | None:
    found = ENGINE_ERROR.search(str(error))
    return int(found[1]) if found else None
