"""The open file that holds a recording: is it the one that was meant, and is it still as it was?"""

import errno
import os
import stat
import sys
from dataclasses import dataclass

from engine.errors import EngineError, explain, is_of_disk

AHEAD, STEP = 1 << 20, 1 << 16  # bytes, more than FFmpeg reads at a time


@dataclass(frozen=True, slots=True)
class Source:
    """Where to open a recording. `device`, `inode` and `bytes` tell which file must be there; None = any.

    `name` is what people call the file: its ending tells the format of sound that has no mark of its own.
    """

    path: str
    name: str = ""
    device: int | None = None
    inode: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A regular, non-empty file that is open, and what identified it when it was opened."""

    descriptor: int
    name: str
    bytes: int
    modified_ns: int

    @property
    def path(self) -> str:
        """Leads to the open file, and to no other, whatever becomes of the path that it was opened by."""
        return f"/proc/self/fd/{self.descriptor}" if sys.platform == "linux" else f"/dev/fd/{self.descriptor}"

    def fails(self, error: BaseException, place: int) -> bool:
        """Whether the disk is why reading from here on ended in an error.

        FFmpeg has EIO for what a file lacks, too: then its bytes can be read.
        """
        if not is_of_disk(error) or not isinstance(error, OSError) or error.errno != errno.EIO:
            return is_of_disk(error)
        try:
            for start in range(place, min(place + AHEAD, self.bytes), STEP):
                os.pread(self.descriptor, STEP, start)
        except OSError:
            return True
        return False

    def check_unchanged(self) -> None:
        """Raise MEDIA_NOT_FOUND when the file is gone from its folder, MEDIA_CHANGED when it was written to."""
        now = os.fstat(self.descriptor)
        if now.st_nlink == 0:
            raise EngineError("MEDIA_NOT_FOUND", "The recording was removed while it was being read.")
        if (now.st_size, now.st_mtime_ns) != (self.bytes, self.modified_ns):
            raise EngineError("MEDIA_CHANGED", "The recording changed while it was being read.")


def open_recording(source: Source) -> Recording:
    """Open the file, which stays open until this process ends.

    Raises MEDIA_NOT_FOUND, MEDIA_CHANGED (another file is there), MEDIA_EMPTY or MEDIA_UNSUPPORTED (a device, a pipe).
    """
    try:
        # Without O_NONBLOCK a named pipe would hold the engine until somebody writes to it.
        descriptor = os.open(source.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise _cannot_open(error) from error
    found = os.fstat(descriptor)
    try:
        _check(found, source)
    except EngineError:
        os.close(descriptor)
        raise
    return Recording(descriptor, source.name or os.path.basename(source.path), found.st_size, found.st_mtime_ns)


def _cannot_open(error: OSError | ValueError) -> EngineError:
    if is_of_disk(error):
        return explain(error)
    if isinstance(error, OSError):
        if error.errno in (errno.EACCES, errno.EPERM):
            return EngineError("MEDIA_NOT_FOUND", "The server may not read this recording.")
        if error.errno == errno.ENXIO:
            return EngineError("MEDIA_UNSUPPORTED", "The path leads to something that is not a file.")
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            return EngineError("MEDIA_NOT_FOUND", "The recording cannot be opened.")
    return EngineError("MEDIA_NOT_FOUND", "There is no such recording.")


def _check(found: os.stat_result, source: Source) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise EngineError("MEDIA_NOT_FOUND", "The path leads to a directory, not to a recording.")
    if not stat.S_ISREG(found.st_mode):
        raise EngineError("MEDIA_UNSUPPORTED", "The path leads to something that is not a file.")
    meant = ((source.device, found.st_dev), (source.inode, found.st_ino), (source.bytes, found.st_size))
    if any(wanted is not None and wanted != there for wanted, there in meant):
        raise EngineError("MEDIA_CHANGED", "Another file is there than the one that was accepted.")
    if found.st_size == 0:
        raise EngineError("MEDIA_EMPTY", "The recording is an empty file.")
