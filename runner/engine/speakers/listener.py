"""Hears the voices of each clip beside its decoding, in threads of its own."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from threading import Lock

import numpy as np
import numpy.typing as npt

from engine.audio.channel_audio import Clip
from engine.audio.media import RATE, Sound
from engine.audio.plan import READ, STRETCH
from engine.audio.vad import FRAME, LEVEL
from engine.speakers.hearing import HEARD, MARGIN, WINDOW, Hearing
from engine.speakers.piece import encode

AHEAD = WINDOW + MARGIN  # samples after the end of a clip that the last window of it may want to hear
# What is kept of the sound that has passed: the longest clip, what the plan reads beyond it, what windows hear around.
KEPT = STRETCH * FRAME + 2 * READ + LEVEL * FRAME + 2 * (AHEAD + MARGIN) + RATE
FULL_SCALE = np.float32(32768)  # sound comes as 16-bit samples, and is kept as such

Pcm = npt.NDArray[np.int16]


class Listener:
    """What of a recording's sound is heard for its voices.

    A clip is given the windows that begin in it, or before the first one; those that lie in a silence which the plan
    left out are not heard at all. So each window belongs to one clip, whichever process reads it.
    """

    def __init__(self, start: int, wants: Callable[[int], bool], workers: int) -> None:
        """`start`: the sample at which the job begins; `wants`: whether a clip is to be heard, by its number."""
        self._start, self._wants = start, wants
        self._pool = ThreadPoolExecutor(workers, "voices")
        self._loading = Lock()
        self._kept: deque[tuple[int, Pcm]] = deque()  # pieces of sound, each with its first sample
        self._end = start

    def overhear(self, pieces: Iterator[Sound]) -> Iterator[Sound]:
        """The sound from `start` on as it comes, passed on a little later, so that what follows a clip is here too."""
        waiting: deque[Sound] = deque()
        passed = self._start
        for piece in pieces:
            self._keep(piece)
            waiting.append(piece)
            while waiting and passed + waiting[0].shape[1] + AHEAD <= self._end:
                passed += waiting[0].shape[1]
                yield waiting.popleft()
        yield from waiting

    def hear(self, clips: Iterator[Clip], position: int) -> Iterator[Clip]:
        """The clips of the plan from sample `position` on, each with what is heard in it, as soon as it is ready."""
        first = position if position > self._start else position - position % WINDOW
        for clip in clips:
            windows = range(max(-(-first // WINDOW), clip.start // WINDOW), -(-clip.end // WINDOW))
            first = clip.end
            if not self._wants(clip.number):
                yield clip
                continue
            sound = self._cut(windows.start * WINDOW - MARGIN, windows.stop * WINDOW + MARGIN)
            yield replace(clip, voices=self._pool.submit(self._voices, windows, sound))

    def _keep(self, piece: Sound) -> None:
        self._kept.append((self._end, (piece[0] * FULL_SCALE).astype(np.int16)))
        self._end += piece.shape[1]
        while self._kept[0][0] + self._kept[0][1].size < self._end - KEPT:
            self._kept.popleft()

    def _cut(self, first: int, last: int) -> Pcm:
        """The samples [first, last), zeros where there are none."""
        sound = np.zeros(max(0, last - first), np.int16)
        for start, pcm in self._kept:
            low, high = max(start, first), min(start + pcm.size, last)
            if low < high:
                sound[low - first : high - first] = pcm[low - start : high - start]
        return sound

    def _voices(self, windows: range, sound: Pcm) -> str:
        with self._loading:
            hearing = self._hearing
        heard = sound.astype(np.float32) / FULL_SCALE
        parts = [(window, heard[i * WINDOW : i * WINDOW + HEARD]) for i, window in enumerate(windows)]
        return encode(hearing.pieces(parts))

    @cached_property
    def _hearing(self) -> Hearing:
        return Hearing()
