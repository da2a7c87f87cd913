"""Where decoded sound stands on the time line that players show: zero at the container's start."""

GAP = 0.1  # s that frames may be late before it is silence, as FFmpeg's aresample=async has it (min_hard_comp)
BACK = 0.5  # s that frames may be early before their times are taken to begin anew, as where recordings were joined
JUMP = 6 * 3600.0  # s: what is later than this was not paused, its clock was set

# Containers whose packets carry times. Those of the others are counted from the sound itself, or made up.
TIMED = frozenset(("asf", "flac", "flv", "matroska", "mov", "mpeg", "mpegts", "mxf", "nut", "ogg", "wtv"))


class Clock:
    """Tells how much silence belongs before a frame, so that it stands at its time."""

    def __init__(self, container: str, start: float) -> None:
        """`container`: its name as FFmpeg has it; `start`: the second that its own clock begins at."""
        self._timed = any(name in TIMED for name in container.split(","))
        self._zero = start
        self._anew = False
        self._lost = 0.0

    def lose(self, seconds: float) -> None:
        """So much could not be decoded; where packets carry times, those tell it better."""
        self._lost += seconds

    def begin_anew(self) -> None:
        """The next frame is of another recording, and stands where the sound before it ends."""
        self._anew = True

    def gap(self, time: float | None, position: float) -> float:
        """Seconds of silence before a frame of this time, where everything before it ends at second `position`."""
        lost, self._lost = self._lost, 0.0
        if time is None or not self._timed:
            return lost if GAP < lost < JUMP else 0.0
        late = time - self._zero - position
        if self._anew or late > JUMP or late < -BACK:
            self._zero += late
            self._anew = False
            return 0.0
        return late if late > GAP else 0.0
