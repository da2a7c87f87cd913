"""What the engine says: one JSON object a line on stdout, from any thread, never torn."""

import json
import threading
from typing import IO


class Lines:
    """Writes lines, each flushed at once. Nothing is written after the last line (`end` or `error`).

    goes_on: an `end` is not the last line, since more may be asked for.
    """

    goes_on = False

    def __init__(self, out: IO[str]) -> None:
        self._out, self._lock, self._closed = out, threading.Lock(), False

    def write(self, type: str, **fields: object) -> None:
        """Write one line; `fields` must be plain JSON values, NaN is refused."""
        text = json.dumps({"type": type, **fields}, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        with self._lock:
            if self._closed:
                return
            self._closed = type == "error" or (type == "end" and not self.goes_on)
            self._out.write(text + "\n")
            self._out.flush()
