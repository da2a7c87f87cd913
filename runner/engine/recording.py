"""The file on disk that holds a recording: is it there, and is it still the same one?"""

import errno
import os
import stat
from dataclasses import dataclass

from engine.errors import EngineError


@dataclass(frozen=True, slots=True)
class Recording:
    """A regular, non-empty file, and what identified it when it was first looked at."""

    path: str
    bytes: int
    modified_ns: int
    inode: int

    def check_unchanged(self) -> None:
        """Raise MEDIA_CHANGED or MEDIA_NOT_FOUND unless the path still leads to the same file, as a stat tells."""
        try:
            now = find_recording(self.path)
        except EngineError as error:
            if error.code == "MEDIA_NOT_FOUND":
                message = "The recording was removed while it was being read."
                raise EngineError("MEDIA_NOT_FOUND", message) from error
            raise EngineError("MEDIA_CHANGED", "The recording changed while it was being read.") from error
        if now != self:
            raise EngineError("MEDIA_CHANGED", "The recording changed while it was being read.")


def find_recording(path: str) -> Recording:
    """Look at the file; raises MEDIA_NOT_FOUND, MEDIA_EMPTY or MEDIA_UNSUPPORTED (a device, a pipe)."""
    try:
        found = os.stat(path)
        readable = os.access(path, os.R_OK)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise EngineError("MEDIA_NOT_FOUND", "The recording cannot be opened.") from error
        raise EngineError("MEDIA_NOT_FOUND", "There is no such recording.") from error
    if stat.S_ISDIR(found.st_mode):
        raise EngineError("MEDIA_NOT_FOUND", "The path leads to a directory, not to a recording.")
    if not stat.S_ISREG(found.st_mode):
        raise EngineError("MEDIA_UNSUPPORTED", "The path leads to something that is not a file.")
    if not readable:
        raise EngineError("MEDIA_NOT_FOUND", "The server may not read this recording.")
    if found.st_size == 0:
        raise EngineError("MEDIA_EMPTY", "The recording is an empty file.")
    return Recording(path, found.st_size, found.st_mtime_ns, found.st_ino)
