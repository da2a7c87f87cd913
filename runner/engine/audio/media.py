"""From a file to sound: PyAV, decoded piece by piece, so that a day of audio needs no more memory than a minute."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.resampler import AudioResampler

from engine.audio.formats import CODECS, CONTAINERS, UNMARKED, looks_damaged
from engine.audio.recording import Recording
from engine.errors import EngineError

RATE = 16_000  # samples per second, what Whisper and Silero VAD were trained on
LOWEST_RATE, HIGHEST_RATE, MOST_CHANNELS = 4_000, 384_000, 8
TRUNCATION = 0.02  # declared durations are often a little off; beyond this share something is missing

Sound = npt.NDArray[np.float32]  # shape [channels, samples], 16 kHz, -1 to 1


@dataclass(frozen=True, slots=True)
class Facts:
    """What the container says about the recording; `seconds` None = it does not say."""

    seconds: float | None
    container: str
    codec: str
    rate: int
    channels: int


class Media:
    """An open recording. `sound()` may be read once; `decoded` counts its samples (16 kHz) as they come."""

    def __init__(self, recording: Recording, split: bool) -> None:
        self.recording, self._split = recording, split
        self.decoded = 0
        self.finished = False
        self.warnings: list[str] = []
        self._container = _open(recording)
        with _damage_is_told(recording.path, self._container):
            self._stream, self.facts = _first_audio(self._container)

    @property
    def seconds(self) -> float | None:
        """The duration: measured once everything is decoded, until then what the container says."""
        return self.decoded / RATE if self.finished else self.facts.seconds

    def close(self) -> None:
        self._container.close()

    def sound(self, max_seconds: float, end: float | None) -> Iterator[Sound]:
        """The sound up to `end` seconds, in pieces of any length, one channel unless the channels were asked for apart.

        Raises MEDIA_TOO_LONG past `max_seconds`, MEDIA_CORRUPT when nothing can be decoded.
        """
        limit = min(max_seconds, float("inf") if end is None else end) * RATE
        for piece in self._resampled():
            self.decoded += piece.shape[1]
            if self.decoded > max_seconds * RATE:
                allowed = lasting(max_seconds)
                raise EngineError("MEDIA_TOO_LONG", f"The recording is longer than the {allowed} that are allowed.")
            over = max(0, self.decoded - int(min(limit, self.decoded)))
            yield piece[:, : piece.shape[1] - over] if over else piece
            if end is not None and self.decoded >= end * RATE:
                return
        if self.decoded == 0:
            raise EngineError("MEDIA_CORRUPT", "No sound could be decoded from the recording.")
        self.finished = True
        self._warn_if_truncated()

    def _resampled(self) -> Iterator[Sound]:
        resampler: AudioResampler | None = None
        shape: tuple[object, ...] | None = None
        for frame in self._frames():
            if (frame.format.name, frame.layout.name, frame.sample_rate) != shape:
                if resampler is not None:  # some mp3 and broadcast files change midway
                    yield from self._sound_of(resampler, None)
                shape = (frame.format.name, frame.layout.name, frame.sample_rate)
                _check_shape(frame.sample_rate, frame.layout.nb_channels)
                layout = self._layout or frame.layout.name
                resampler = AudioResampler(format="s16p" if self._split else "s16", layout=layout, rate=RATE)
            assert resampler is not None
            yield from self._sound_of(resampler, frame)
        if resampler is not None:
            yield from self._sound_of(resampler, None)

    @property
    def _layout(self) -> str | None:
        """The layout to resample to; fixed by the stream, so that the number of channels never changes midway."""
        return str(self._stream.codec_context.layout.name) if self._split else "mono"

    def _sound_of(self, resampler: AudioResampler, frame: Any) -> Iterator[Sound]:
        for resampled in resampler.resample(frame):
            yield resampled.to_ndarray().astype(np.float32) / np.float32(32768)

    def _frames(self) -> Iterator[Any]:
        """Decoded frames of the first audio stream. Damaged packets are skipped: the rest is still there."""
        damaged = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
                frames = packet.decode()
            except StopIteration:
                break
            except (av.error.InvalidDataError, av.error.EOFError):
                damaged += 1
                if damaged > 10_000:  # a demuxer that fails for ever makes no progress
                    break
                continue
            except av.error.FFmpegError as error:
                raise EngineError("MEDIA_CORRUPT", "The recording cannot be decoded.") from error
            for frame in frames:
                frame.pts = None  # the resampler refuses jumps in time, which damaged recordings have
                yield frame
        if damaged:
            self.warnings.append(f"{damaged} damaged pieces of the recording were skipped.")

    def _warn_if_truncated(self) -> None:
        declared, decoded = self.facts.seconds, self.decoded / RATE
        if declared is not None and decoded < declared * (1 - TRUNCATION):
            self.warnings.append(f"The recording ends after {decoded:.1f} s, but says that it lasts {declared:.1f} s.")


def lasting(seconds: float) -> str:
    """A duration as people say it."""
    return f"{seconds:.0f} seconds" if seconds < 600 else f"{seconds / 3600:.3g} hours"


def _open(recording: Recording) -> Any:
    """The container of the file; sound that has no mark of its own is what the ending of its name says."""
    ending = recording.name.rpartition(".")[2].lower()
    try:
        return _open_as(recording.path, None)
    except EngineError:
        if ending not in UNMARKED:
            raise
        return _open_as(recording.path, ending)


def _open_as(path: str, container: str | None) -> Any:
    """As the container of this name; None = by its content. "file:" keeps a name from being an address."""
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": CONTAINERS,
        "codec_whitelist": ",".join(sorted(CODECS)),
    }
    try:
        return av.open(f"file:{path}", mode="r", format=container, options=options, metadata_errors="ignore")
    except (av.error.FFmpegError, ValueError, UnicodeError) as error:
        raise _unreadable(path) from error


def _unreadable(path: str) -> EngineError:
    if looks_damaged(path):
        return EngineError("MEDIA_CORRUPT", "The recording is damaged and cannot be opened.")
    return EngineError("MEDIA_UNSUPPORTED", "The file is not a recording in a format that the engine reads.")


@contextlib.contextmanager
def _damage_is_told(path: str, container: Any) -> Iterator[None]:
    try:
        yield
    except EngineError:
        container.close()
        raise
    except (av.error.FFmpegError, ValueError) as error:
        container.close()
        raise _unreadable(path) from error


def _first_audio(container: Any) -> tuple[Any, Facts]:
    if not container.streams.audio:
        raise EngineError("MEDIA_NO_AUDIO", "The file has no sound in it.")
    stream = container.streams.audio[0]
    context = stream.codec_context
    if context is None or context.name not in CODECS:
        raise EngineError("MEDIA_UNSUPPORTED", "The recording's sound is coded in a way that the engine does not read.")
    _check_shape(context.sample_rate, context.layout.nb_channels)
    seconds: float | None = None
    if stream.duration is not None and stream.time_base is not None:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        seconds = container.duration / 1_000_000  # AV_TIME_BASE
    facts = Facts(seconds, container.format.name, context.codec.name, context.sample_rate, context.layout.nb_channels)
    return stream, facts


def _check_shape(rate: int, channels: int) -> None:
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        allowed = f"{LOWEST_RATE} to {HIGHEST_RATE}"
        raise EngineError("MEDIA_UNSUPPORTED", f"The recording has {rate} samples a second; {allowed} are allowed.")
    if not 1 <= channels <= MOST_CHANNELS:
        raise EngineError(
            "MEDIA_UNSUPPORTED", f"The recording has {channels} channels; 1 to {MOST_CHANNELS} are allowed."
        )
