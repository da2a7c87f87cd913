"""Which of several tracks of sound is read, and whether its channels may be mixed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import av
import numpy as np

from engine.audio.formats import CODECS

SILENT = 10 ** (-70 / 20)  # of full scale: no voice is below it, and dithered silence is
LISTENED = 60.0  # s of a track that are listened to from its first sound on
CANCELLED = 10 ** (-15 / 10)  # of the channels' power: what is left of voices that cancel each other in the mix


@dataclass(frozen=True, slots=True)
class Heard:
    """What the first minute of sound of a track holds: the power of its channels and of their mix; None = silence."""

    channels: float | None
    mix: float

    @property
    def silent(self) -> bool:
        return self.channels is None

    @property
    def cancels(self) -> bool:
        """Whether its two channels are each other's opposite, as of a balanced microphone that was wired as stereo."""
        return self.channels is not None and self.mix < self.channels * CANCELLED


def choose(open_container: Callable[[], Any]) -> tuple[int, Heard | None, list[str]]:
    """The number of the track to read among the tracks of sound, what was heard of it, and what is to be said of it.

    The container's default track is taken, or the first, unless it is silent from its beginning to its end and another
    is not. `open_container` opens the recording anew for each look. None was heard where nothing had to be.
    """
    with open_container() as container:
        streams = list(container.streams.audio)
        stereo = [stream.codec_context.layout.nb_channels == 2 for stream in streams]
        order = sorted(range(len(streams)), key=lambda number: not _is_default(streams[number]))
    if len(streams) == 1:
        return 0, (listen(open_container, 0) if stereo[0] else None), []
    heard: dict[int, Heard] = {}
    for number in order:
        heard[number] = listen(open_container, number)
        if not heard[number].silent:
            break
    chosen = next((number for number in order if number in heard and not heard[number].silent), order[0])
    passed = [f"{number + 1}" for number in order if number != chosen and number in heard]
    silent = f" Track {' and '.join(passed)} is silent." if passed else ""
    said = f"The recording has {len(streams)} tracks of sound; track {chosen + 1} was read.{silent}"
    return chosen, heard[chosen], [said]


def _is_default(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.default)


def listen(open_container: Callable[[], Any], number: int) -> Heard:
    """Listens to a track from its first sound on."""
    with open_container() as container:
        stream = container.streams.audio[number]
        if stream.codec_context is None or stream.codec_context.name not in CODECS:
            return Heard(None, 0.0)
        channels = mix = count = 0.0
        for pcm in _sound(container, stream):
            if count == 0.0 and float(np.abs(pcm).max(initial=0.0)) <= SILENT:
                continue
            channels += float((pcm**2).mean(axis=0).sum())
            mix += float((pcm.mean(axis=0) ** 2).sum())
            count += pcm.shape[1] / stream.codec_context.sample_rate
            if count >= LISTENED:
                break
    return Heard(channels if count else None, mix)


def _sound(container: Any, stream: Any) -> Any:
    """The sound of a track as it is, piece by piece: [channels, samples], -1 to 1. Damage is left out."""
    resampler = av.AudioResampler(format="fltp")
    packets = container.demux(stream)
    while True:
        try:
            for frame in next(packets).decode():
                frame.pts = None
                for part in resampler.resample(frame):
                    yield part.to_ndarray()
        except StopIteration:
            return
        except (av.error.InvalidDataError, av.error.EOFError):
            continue
        except (av.error.FFmpegError, ValueError):
            return
