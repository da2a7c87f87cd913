"""From a file to sound: PyAV, decoded piece by piece, so that a day of audio needs no more memory than a minute."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.resampler import AudioResampler

from engine.audio.clock import Clock
from engine.audio.container import damage_is_told, open_container, packets
from engine.audio.damage import Damage
from engine.audio.formats import CODECS, mp3_seconds, ogg_links
from engine.audio.peaks import Peaks
from engine.audio.recording import Recording
from engine.audio.tracks import SILENT, choose
from engine.errors import EngineError

# Containers that hold the length of a track, instead of having it reckoned from the size of the file.
EXACT = frozenset(("aiff", "asf", "au", "caf", "flac", "matroska", "mov", "tta", "w64", "wav", "wv"))
SILENCE = 160_000  # samples (10 s) of it that are given at a time

RATE = 16_000  # samples per second, what Whisper and Silero VAD were trained on
LOWEST_RATE, HIGHEST_RATE, MOST_CHANNELS = 4_000, 384_000, 8
QUIET = 10 ** (-30 / 20)  # of full scale: a voice that nobody would hear without turning the knob
FOOT = 4096  # bytes at the end of a file that no container need make sense of
MOST, INDEX = 0.9, 100_000  # share of a file's bytes, and bytes, behind which an index or a player's notes may stand
TRUNCATION = 0.02  # declared durations are often a little off; beyond this share something is missing
PADDING = 0.2  # s that declared durations may have besides: what an encoder puts before and behind the sound

Sound = npt.NDArray[np.float32]  # shape [channels, samples], 16 kHz, -1 to 1


@dataclass(frozen=True, slots=True)
class Facts:
    """What the container says about the recording; `seconds` on the time line of players, None = it does not say."""

    seconds: float | None
    exact: bool  # whether the container says where the sound ends; else `seconds` is an estimate, or of the picture
    container: str
    codec: str
    rate: int
    channels: int


class Media:
    """An open recording. `sound()` may be read once; `decoded` counts its samples (16 kHz) as they come."""

    def __init__(self, recording: Recording, split: bool, track: int | None = None) -> None:
        self.recording, self._split = recording, split
        self.decoded = 0
        self.finished = False
        self.warnings: list[str] = []
        self.peak = 0.0
        self.peaks = Peaks()
        self._read_bytes = 0
        self._broken_off = False
        self._container = open_container(recording)
        with damage_is_told(recording, self._container):
            _require_sound(self._container)
            choice = choose(recording, track)
            self._stream = self._container.streams.audio[choice.index]
            self.facts = _facts(self._container, self._stream)
        self.tracks = choice.tracks
        self._only_first = choice.heard is not None and choice.heard.cancels and not split
        self.warnings += choice.warnings
        if self._only_first:
            self.warnings.append("The two channels cancel each other when they are mixed; the first one was read.")
        if split and self.facts.channels == 2 and choice.heard is not None and choice.heard.is_one_sound:
            self.warnings.append(
                "Both channels hold the same sound, so that every word is there twice: choose the channels MIX."
            )
        self._alone = len(self._container.streams) == 1
        self._damage = Damage(self.facts.container, self._alone)
        self._clock = Clock(self.facts.container, (self._container.start_time or 0) / av.time_base)

    @property
    def seconds(self) -> float | None:
        """The duration: measured once everything is decoded, until then what the container says."""
        return self.decoded / RATE if self.finished else self.facts.seconds

    @property
    def likely_seconds(self) -> float | None:
        """The duration as far as is known now: by the share of the bytes where the container has only an estimate."""
        if self.finished or self.facts.exact or not self._read_bytes:
            return self.seconds
        return self.decoded / RATE * max(1.0, self.recording.bytes / self._read_bytes)

    def close(self) -> None:
        self._container.close()

    def sound(self, max_seconds: float, end: float | None) -> Iterator[Sound]:
        """The sound up to `end` seconds, in pieces of any length, one channel unless the channels were asked for apart.

        Raises MEDIA_TOO_LONG past `max_seconds`, MEDIA_CORRUPT when nothing can be decoded.
        """
        limit = min(max_seconds, float("inf") if end is None else end) * RATE
        for piece in self._resampled():
            self.decoded += piece.shape[1]
            self.peak = max(self.peak, float(np.abs(piece).max(initial=0.0)))
            self.peaks.add(piece)
            if self.decoded > max_seconds * RATE:
                allowed = lasting(max_seconds)
                raise EngineError("MEDIA_TOO_LONG", f"The recording is longer than the {allowed} that are allowed.")
            over = max(0, self.decoded - int(min(limit, self.decoded)))
            yield piece[:, : piece.shape[1] - over] if over else piece
            if end is not None and self.decoded >= end * RATE:
                self._warn_of_damage()
                return
        if self.decoded == 0:
            raise EngineError("MEDIA_CORRUPT", "No sound could be decoded from the recording.")
        self.finished = True
        self._warn_of_damage()
        self._warn_if_truncated()
        if SILENT < self.peak < QUIET:
            self.warnings.append(
                f"The recording is very quiet: its loudest moment is at {20 * math.log10(self.peak):.0f} dB."
            )

    def _resampled(self) -> Iterator[Sound]:
        resampler: AudioResampler | None = None
        shape: tuple[object, ...] | None = None
        given = 0  # samples, silence included
        for frame in self._frames():
            gap = self._clock.gap(frame.time, given / RATE)
            self._damage.hole(gap)
            frame.pts = None  # the resampler would make up for gaps in ways of its own
            new = (frame.format.name, frame.layout.name, frame.sample_rate)
            if new != shape or gap:
                if resampler is not None:  # some mp3 and broadcast files change midway
                    for piece in self._sound_of(resampler, None):
                        given += piece.shape[1]
                        yield piece
                shape = new
                _check_shape(frame.sample_rate, frame.layout.nb_channels)
                resampler = AudioResampler(format="s16p", layout=self._layout, rate=RATE)
            for piece in (*self._silence(gap), *self._sound_of(resampler, frame)) if resampler else ():
                given += piece.shape[1]
                yield piece
        if resampler is not None:
            yield from self._sound_of(resampler, None)

    @property
    def _layout(self) -> str:
        """The layout to resample to; fixed by the stream, so that the number of channels never changes midway."""
        return str(self._stream.codec_context.layout.name) if self._split or self._only_first else "mono"

    def _sound_of(self, resampler: AudioResampler, frame: Any) -> Iterator[Sound]:
        for resampled in resampler.resample(frame):
            sound = resampled.to_ndarray().astype(np.float32) / np.float32(32768)
            yield sound[:1] if self._only_first else sound

    def _silence(self, seconds: float) -> Iterator[Sound]:
        channels = self._stream.codec_context.layout.nb_channels if self._split else 1
        left = round(seconds * RATE)
        while left > 0:
            yield np.zeros((channels, min(left, SILENCE)), np.float32)
            left -= SILENCE

    def _frames(self) -> Iterator[Any]:
        """Decoded frames of the track, behind damage too. What cannot be read is left out."""
        for container, stream, start in self._links():
            for packet in self._packets(container, stream):
                if packet.size == 0 and packet.dts is not None:  # a header of FLV; without a time it is the end
                    continue
                self._damage.seen(packet)
                self._read_bytes = max(self._read_bytes, start + self._damage.end)
                try:
                    frames = packet.decode()
                except (av.error.FFmpegError, ValueError) as error:
                    if self.recording.fails(error, self._read_bytes):
                        raise
                    self._damage.failed(packet)
                    self._clock.lose(float((packet.duration or 0) * (packet.time_base or 0)))
                    continue
                self._damage.decoded(packet)
                yield from frames
            self._clock.begin_anew()
            self._damage.begin_anew()

    def _links(self) -> Iterator[tuple[Any, Any, int]]:
        """The recording, or those that are chained in it, each with its first byte.

        FFmpeg takes the first of a chain in Ogg for all of them.
        """
        starts = ogg_links(self.recording.path) if self.facts.container == "ogg" else [0]
        if len(starts) == 1:
            yield self._container, self._stream, 0
            return
        for start, end in zip(starts, [*starts[1:], self.recording.bytes], strict=True):
            self._read_bytes = start
            try:
                link = open_container(self.recording, (start, end))
            except EngineError:
                self._broken_off = True
                continue
            if link.streams.audio:
                yield link, link.streams.audio[0], start

    def _packets(self, container: Any, stream: Any) -> Iterator[Any]:
        """The packets of a track, up to its end or where the container cannot be read on."""
        try:
            yield from packets(self.recording, container, stream)
        except (av.error.FFmpegError, ValueError) as error:
            if self.recording.fails(error, self._read_bytes):
                raise
            self._broken_off = self._read_bytes < self.recording.bytes - FOOT

    def _warn_of_damage(self) -> None:
        lost = self._damage.seconds(self.decoded / RATE)
        if lost:
            self.warnings.append(f"About {lost:.1f} s of the recording are damaged and could not be read.")

    def _warn_if_truncated(self) -> None:
        declared, decoded = self.facts.seconds, self.decoded / RATE
        if self.facts.exact:
            if declared is not None and decoded < declared * (1 - TRUNCATION) - PADDING:
                self.warnings.append(
                    f"The recording ends after {decoded:.1f} s, but says that it lasts {declared:.1f} s."
                )
        elif self._broken_off or (self._alone and 0 < self._read_bytes < self.recording.bytes * MOST - INDEX):
            self.warnings.append("The recording could not be read to its end; what was read until then is there.")


def lasting(seconds: float) -> str:
    """A duration as people say it."""
    return f"{seconds:.0f} seconds" if seconds < 600 else f"{seconds / 3600:.3g} hours"


def _require_sound(container: Any) -> None:
    if not container.streams.audio:
        raise EngineError("MEDIA_NO_AUDIO", "The file has no sound in it.")


def _facts(container: Any, stream: Any) -> Facts:
    context = stream.codec_context
    if context is None or context.name not in CODECS:
        raise EngineError("MEDIA_UNSUPPORTED", "The recording's sound is coded in a way that the engine does not read.")
    _check_shape(context.sample_rate, context.layout.nb_channels)
    exact = _end_of_sound(container, stream)
    if container.format.name == "mp3":
        exact = mp3_seconds(container.name.removeprefix("file:"), context.sample_rate)
    whole = None if container.duration is None else container.duration / av.time_base
    seconds = whole if exact is None else exact
    name, codec = container.format.name, context.codec.name
    return Facts(seconds, exact is not None, name, codec, context.sample_rate, context.layout.nb_channels)


def _end_of_sound(container: Any, stream: Any) -> float | None:
    """Where the sound ends on the time line of players, if the container says so itself. What FFmpeg reckons from the
    size of the file and the bit rate may be off by a factor, and the picture may be longer than the sound.
    """
    names = set(container.format.name.split(","))
    if not names & EXACT:
        return None
    start = (container.start_time or 0) / av.time_base
    if stream.duration is not None and stream.time_base is not None:
        return float((stream.duration + (stream.start_time or 0)) * stream.time_base) - start
    told = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if told is not None:  # of a track in Matroska
        hours, minutes, seconds = (float(part) for part in told.groups())
        return hours * 3600 + minutes * 60 + seconds - start
    alone = len(container.streams) == 1 and container.duration is not None
    return container.duration / av.time_base if alone else None


def _check_shape(rate: int, channels: int) -> None:
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        allowed = f"{LOWEST_RATE} to {HIGHEST_RATE}"
        raise EngineError("MEDIA_UNSUPPORTED", f"The recording has {rate} samples a second; {allowed} are allowed.")
    if not 1 <= channels <= MOST_CHANNELS:
        raise EngineError(
            "MEDIA_UNSUPPORTED", f"The recording has {channels} channels; 1 to {MOST_CHANNELS} are allowed."
        )
