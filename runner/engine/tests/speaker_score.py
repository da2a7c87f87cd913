"""How right it is who speaks when: the diarization error rate, and the share of speech with a wrong speaker.

Turns are (start, end, speaker) in seconds; the speakers of both sides are paired so that they share the most time.
Counted in hundredths of a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

STEPS = 100  # a second
Turns = Sequence[tuple[float, float, Any]]
Grid = npt.NDArray[np.bool_]  # shape [steps, speakers]


@dataclass(frozen=True)
class Errors:
    """In steps: speech without a speaker, speakers without speech, speech of a wrong speaker, and all speech."""

    missed: int
    invented: int
    confused: int
    speech: int

    def __add__(self, other: "Errors") -> "Errors":
        return Errors(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def rate(self) -> float:
        """The diarization error rate."""
        return (self.missed + self.invented + self.confused) / max(1, self.speech)


NOTHING = Errors(0, 0, 0, 0)


def errors(said: Turns, found: Turns, seconds: float, collar: float = 0.0) -> Errors:
    """The errors outside of so many seconds around where a turn of `said` begins or ends; overlaps count."""
    truth, guess = grid_of(said, seconds), grid_of(found, seconds)
    kept = np.ones(len(truth), bool)
    for start, end, _ in said:
        for edge in (start, end) if collar else ():
            kept[max(0, round((edge - collar) * STEPS)) : max(0, round((edge + collar) * STEPS))] = False
    truth, guess = truth[kept], guess[kept]
    right = sum(int((truth[:, one] & guess[:, other]).sum()) for one, other in pairs(truth, guess).items())
    spoken, told = truth.sum(axis=1), guess.sum(axis=1)
    return Errors(
        missed=int(np.maximum(spoken - told, 0).sum()),
        invented=int(np.maximum(told - spoken, 0).sum()),
        confused=int(np.minimum(spoken, told).sum()) - right,
        speech=int(spoken.sum()),
    )


def wrong_share(said: Turns, labelled: Turns, seconds: float) -> float:
    """The share of speech that is given to somebody who does not speak then; `labelled`: stretches, each of one."""
    truth, guess = grid_of(said, seconds), grid_of(labelled, seconds)
    matched = pairs(truth, guess)
    right = np.zeros(len(truth), bool)
    for one, other in matched.items():
        right |= truth[:, one] & guess[:, other]
    counted = truth.any(axis=1) & guess.any(axis=1)
    return float((counted & ~right).sum() / max(1, counted.sum()))


def grid_of(turns: Turns, seconds: float) -> Grid:
    """Who speaks in each step."""
    speakers = sorted({speaker for *_, speaker in turns})
    grid = np.zeros((round(seconds * STEPS), max(1, len(speakers))), bool)
    for start, end, speaker in turns:
        grid[round(start * STEPS) : round(end * STEPS), speakers.index(speaker)] = True
    return grid


def pairs(truth: Grid, guess: Grid) -> dict[int, int]:
    """The pairing of speakers, one to one, that shares the most time: exact, by trying all sets of those taken."""
    shared = truth.T.astype(np.int64) @ guess.astype(np.int64)
    if shared.shape[1] > shared.shape[0]:
        return {one: other for other, one in _best(shared.T).items()}
    return _best(shared)


def _best(shared: npt.NDArray[np.int64]) -> dict[int, int]:
    rows, columns = shared.shape  # not fewer rows than columns

    @cache
    def best(column: int, free: frozenset[int]) -> tuple[int, tuple[int, ...]]:
        if column == columns:
            return 0, ()
        return max(
            (int(shared[row, column]) + rest, (row, *rows_of))
            for row in free
            for rest, rows_of in [best(column + 1, free - {row})]
        )

    return {row: column for column, row in enumerate(best(0, frozenset(range(rows)))[1])}
