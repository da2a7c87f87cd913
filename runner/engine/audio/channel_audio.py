"""A clip and the channels in it: sound with silences left out, and the way back to the recording's own time."""

from concurrent.futures import Future
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.audio.media import RATE
from engine.audio.vad import FRAME, Probabilities, speech, with_onsets


@dataclass(frozen=True, slots=True)
class ChannelAudio:
    """One channel's sound in a clip, at most 27.5 s.

    speaker: the channel's number as text, None when the channels are mixed.
    audio: shape [frames * 512], 16 kHz.   probabilities: of speech, shape [frames].
    spans: (first sample in the recording, frames) of each stretch that was kept, in order.
    """

    speaker: str | None
    audio: npt.NDArray[np.float32]
    probabilities: Probabilities
    spans: tuple[tuple[int, int], ...]

    @property
    def frames(self) -> int:
        return self.probabilities.size

    @property
    def seconds(self) -> float:
        return self.audio.size / RATE

    def speech(self) -> list[tuple[float, float]]:
        """Stretches of speech in seconds of this channel's own time."""
        return _in_seconds(speech(self.probabilities))

    def voices(self) -> list[tuple[float, float]]:
        """The same stretches, each from its first sound on."""
        return _in_seconds(with_onsets(speech(self.probabilities), self.probabilities))

    @property
    def spoken(self) -> float:
        """Seconds of speech in it."""
        return sum(end - start for start, end in self.speech())

    def original(self, start: float, end: float) -> tuple[float, float]:
        """A stretch of own time on the recording's time line; one across a seam goes where its middle is."""
        middle, before = (start + end) / 2, 0.0
        for number, (sample, frames) in enumerate(self.spans):
            length = frames * FRAME / RATE
            if middle < before + length or number == len(self.spans) - 1:
                offset = sample / RATE - before
                low, high = before, before + length
                return offset + min(max(start, low), high), offset + min(max(end, low), high)
            before += length
        raise AssertionError("a channel has at least one span")

    def seam(self, start: float, end: float) -> int:
        """The frame between two times of its own at which silence was left out, else the last one between them."""
        edges = np.cumsum([frames for _, frames in self.spans])[:-1].tolist()
        return next((int(at) for at in edges if start <= at * FRAME / RATE <= end), int(end * RATE) // FRAME)

    def part(self, first: int, last: int) -> "ChannelAudio":
        """The frames [first, last) alone."""
        spans: list[tuple[int, int]] = []
        before = 0
        for sample, frames in self.spans:
            low, high = max(first - before, 0), min(last - before, frames)
            if low < high:
                spans.append((sample + low * FRAME, high - low))
            before += frames
        audio = self.audio[first * FRAME : last * FRAME]
        return ChannelAudio(self.speaker, audio, self.probabilities[first:last], tuple(spans))


def _in_seconds(stretches: list[tuple[int, int]]) -> list[tuple[float, float]]:
    return [(start * FRAME / RATE, end * FRAME / RATE) for start, end in stretches]


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of the recording, samples [start, end) at 16 kHz, with what is to be heard in it.

    voices: how the voices in it sound, once that is known; None where nobody asks (see speakers/).
    """

    number: int
    start: int
    end: int
    channels: tuple[ChannelAudio, ...]
    voices: Future[str] | None = None

    def ending_at(self, sample: int) -> "Clip":
        return replace(self, end=sample)
