"""How much of a recording is lost to damage, whether its decoder fails at it or its container skips it."""

from typing import Any

FEW = 3  # mean packets: as much may stand between joined recordings, such as the table of contents of an MP3
SHARE = 0.01  # of all packets, which is more than what stands there
LEAST = 0.1  # s that are worth a word
UNREAD = 4096  # bytes between packets: with them a hole was no pause

# Containers in which hardly anything stands between the packets of a single track: what does was not understood.
# Not MP4, whose tables say where packets are.
DENSE = frozenset(("avi", "flv", "matroska", "nut", "ogg", "rm"))
# Others are filled up to a constant rate: there it must leave a hole in time, too.
FILLED = frozenset(("asf", "mpeg", "mpegts"))


class Damage:
    """Counts what is lost, in runs from one packet that was decoded to the next."""

    def __init__(self, container: str, alone: bool) -> None:
        """`container`: its name as FFmpeg has it; `alone`: its only track is the one that is read."""
        names = set(container.split(","))
        self._dense, self._filled = (alone and bool(kind & names) for kind in (DENSE, FILLED))
        self._numbered = container == "flac"  # its frames are: there are no pauses
        self._good = self._packets = self._failed = self._lost = self._run = 0
        self._unread = 0  # the most bytes between two packets
        self._holes = 0.0
        self._position = 0  # of the last packet, or of the page that it is on
        self.end = 0  # the byte behind all packets so far

    def begin_anew(self) -> None:
        """The next packet is of another recording."""
        self._finish_run()
        self._position = self.end = 0

    def seen(self, packet: Any) -> None:
        """A packet has come: what stands before it and was no packet is lost."""
        if packet.pos is None:
            return
        unread = max(0, packet.pos - self.end) if self.end else 0
        self._unread = max(self._unread, unread)
        if self._dense:
            self._run += unread
        if packet.pos != self._position:
            self._position = self.end = packet.pos
        self.end += packet.size

    def decoded(self, packet: Any) -> None:
        """It was sound."""
        self._finish_run()
        self._good += packet.size
        self._packets += 1

    def failed(self, packet: Any) -> None:
        """It was not."""
        self._run += packet.size
        self._failed += 1

    def hole(self, seconds: float) -> None:
        """So many seconds are not there, by the times of what is."""
        self._holes += seconds

    def seconds(self, decoded: float) -> float:
        """What is lost of a recording of which so many seconds were decoded; 0 where it is not worth a word."""
        self._finish_run()
        one_by_one = self._failed / self._packets if self._failed > self._packets * SHARE > 0 else 0.0
        in_runs = self._lost / self._good if self._good else 0.0
        holes = self._holes if self._numbered or (self._filled and self._unread > UNREAD) else 0.0
        lost = holes + max(one_by_one, in_runs) * decoded
        return lost if lost >= LEAST else 0.0

    def _finish_run(self) -> None:
        if self._run * self._packets > FEW * self._good:
            self._lost += self._run
        self._run = 0
