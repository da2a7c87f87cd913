"""When each speaker speaks, and who says a word."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.speakers.piece import CORE_SECONDS, TICKS, Piece, runs

SECOND = TICKS // CORE_SECONDS  # ticks
BRIDGED, SHORTEST = 0.5, 0.1  # s: pauses within a turn, and what is shorter than a turn


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch of the recording, in seconds, in which one speaker speaks."""

    start: float
    end: float
    speaker: int


def turns_of(pieces: Sequence[Piece], labels: Sequence[int]) -> list[Turn]:
    """The turns of all speakers, in the order of time; those of several may overlap."""
    found: dict[int, list[list[int]]] = {}
    for piece, speaker in sorted(zip(pieces, labels, strict=True), key=lambda pair: pair[0].core):
        if speaker >= 0:
            spoken = [[piece.core * TICKS + first, piece.core * TICKS + last] for first, last in runs(piece.active)]
            found.setdefault(speaker, []).extend(spoken)
    turns = [Turn(a / SECOND, b / SECOND, who) for who, spoken in found.items() for a, b in _bridged(spoken)]
    return sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker))


def _bridged(stretches: Iterable[list[int]]) -> Iterable[list[int]]:
    joined: list[list[int]] = []
    for first, last in sorted(stretches):
        if joined and first - joined[-1][1] < BRIDGED * SECOND:
            joined[-1][1] = max(joined[-1][1], last)
        else:
            joined.append([first, last])
    return (stretch for stretch in joined if stretch[1] - stretch[0] >= SHORTEST * SECOND)


class WhoSpeaks:
    """Finds the speaker of a word; every word has one where there is any turn at all."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = {
            speaker: [(turn.start, turn.end) for turn in turns if turn.speaker == speaker]
            for speaker in sorted({turn.speaker for turn in turns})
        }

    def of(self, start: float, end: float, before: int | None = None) -> int | None:
        """Who speaks most of the time, or nearest to it where nobody does; of two the speaker `before`."""
        if not self._turns:
            return None
        return max(self._turns, key=lambda speaker: (self._overlap(speaker, start, end), speaker == before, -speaker))

    def speaks_through(self, speaker: int, start: float, end: float) -> bool:
        """Whether a speaker speaks all that time."""
        return self._overlap(speaker, start, end) >= (end - start) * 0.999

    def _overlap(self, speaker: int, start: float, end: float) -> float:
        """Seconds within the speaker's turns; where there are none, how far off the nearest is, below zero."""
        turns = self._turns[speaker]
        at = max(0, bisect_left(turns, (start, start)) - 1)
        overlap, distance = 0.0, float("inf")
        for i in range(at, len(turns)):
            first, last = turns[i]
            overlap += max(0.0, min(last, end) - max(first, start))
            distance = min(distance, max(first - end, start - last))
            if first > end:
                break
        return overlap if overlap > 0 else -max(distance, 0.0)
