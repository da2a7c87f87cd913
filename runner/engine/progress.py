"""How far a job is, how fast it goes, and how long it will take."""

import time
from collections import deque

LAST = 6  # batches that speed and ETA are taken from


class Progress:
    """Fraction and speed over the recording's time line. The fraction never goes back, and 1 is left to `end`."""

    def __init__(self, start: float) -> None:
        self._start = start
        self._fraction = 0.0
        self._marks: deque[tuple[float, float]] = deque([(time.monotonic(), start)], maxlen=LAST + 1)

    def at(self, processed: float, total: float | None) -> dict[str, float | None]:
        """The fields of a progress line after everything before `processed` seconds is done, of `total` if known."""
        self._marks.append((time.monotonic(), processed))
        (then, before), (now, here) = self._marks[0], self._marks[-1]
        speed = (here - before) / (now - then) if now > then else 0.0
        eta: float | None = None
        if total is not None and total > self._start:
            fraction = min(processed - self._start, total - self._start) / (total - self._start)
            self._fraction = max(self._fraction, min(fraction, 0.999))
            eta = max(0.0, total - processed) / speed if speed > 0 else None
        return {
            "processedSeconds": round(processed, 3),
            "fraction": round(self._fraction, 4),
            "speed": round(speed, 2) if speed > 0 else None,
            "etaSeconds": round(eta, 1) if eta is not None else None,
        }
