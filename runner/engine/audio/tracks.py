"""Which of several tracks of sound is read, and whether its channels may be mixed."""

from dataclasses import dataclass, replace
from typing import Any

import av
import numpy as np

from engine.audio.container import open_container, packets
from engine.audio.formats import CODECS
from engine.audio.recording import Recording
from engine.errors import EngineError

SILENT = 10 ** (-70 / 20)  # of full scale: no voice is below it, and dithered silence is
LISTENED = 60.0  # s of a track that are listened to from its first sound on
CANCELLED = 10 ** (-15 / 10)  # of the channels' power: what is left of voices that cancel each other in the mix
ALIKE = 10 ** (-30 / 10)  # of the channels' power: what two channels of one sound differ by, if a codec was between


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

    @property
    def is_one_sound(self) -> bool:
        """Whether its channels hold the same, as of one microphone."""
        return self.channels is not None and self.channels - self.mix < self.channels * ALIKE


@dataclass(frozen=True, slots=True)
class Track:
    """A track of sound as its container describes it; `index` counts those of sound from 0."""

    index: int
    title: str | None
    language: str | None
    codec: str | None
    channels: int | None
    default: bool
    used: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """The track to read, what was heard of it (None = nothing had to be), all tracks, and what is to be said."""

    index: int
    heard: Heard | None
    tracks: tuple[Track, ...]
    warnings: tuple[str, ...]


def choose(recording: Recording, wanted: int | None) -> Choice:
    """Choose the wanted track, else the default one, or the first, unless it is silent to its end and another is not.

    The recording is opened anew for each look. Raises MEDIA_NO_AUDIO beyond the last one.
    """
    with open_container(recording) as container:
        tracks = [_describe(index, stream) for index, stream in enumerate(container.streams.audio)]
    if wanted is not None and wanted >= len(tracks):
        message = f"The recording has no track of sound with the index {wanted}."
        raise EngineError("MEDIA_NO_AUDIO", message, hint=f"It has: {'; '.join(map(_in_words, tracks))}.")
    order = sorted(tracks, key=lambda track: not track.default) if wanted is None else [tracks[wanted]]
    heard: dict[int, Heard] = {}
    if len(order) > 1 or order[0].channels == 2:
        for track in order:
            heard[track.index] = listen(recording, track.index)
            if not heard[track.index].silent:
                break
    index = next((at for at, found in heard.items() if not found.silent), order[0].index)
    warnings = []
    if len(tracks) > 1 and wanted is None:
        silent = [str(at) for at in heard if at != index]
        why = f", since track {' and '.join(silent)} is silent" if silent else ""
        warnings.append(f"Of {len(tracks)} tracks of sound track {index}, counted from 0, was read{why}.")
    used = tuple(replace(track, used=track.index == index) for track in tracks)
    return Choice(index, heard.get(index), used, tuple(warnings))


def _describe(index: int, stream: Any) -> Track:
    context, told = stream.codec_context, {name.lower(): text for name, text in stream.metadata.items()}
    channels = None if context is None else context.layout.nb_channels
    language = told.get("language")
    return Track(
        index,
        _short(told.get("title") or told.get("handler_name")),
        None if language in (None, "und") else _short(language),
        None if context is None else context.name,
        channels,
        _is_default(stream),
        False,
    )


def _short(text: str | None) -> str | None:
    return text[:100] if text else None


def _in_words(track: Track) -> str:
    known = (track.codec, track.channels and f"{track.channels} channels", track.language, track.title)
    return f"{track.index} ({', '.join(text for text in known if text)})"


def _is_default(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.default)


def listen(recording: Recording, number: int) -> Heard:
    """Listens to a track from its first sound on."""
    with open_container(recording) as container:
        stream = container.streams.audio[number]
        if stream.codec_context is None or stream.codec_context.name not in CODECS:
            return Heard(None, 0.0)
        channels = mix = count = 0.0
        for pcm in _sound(recording, container, stream):
            if count == 0.0 and float(np.abs(pcm).max(initial=0.0)) <= SILENT:
                continue
            channels += float((pcm**2).mean(axis=0).sum())
            mix += float((pcm.mean(axis=0) ** 2).sum())
            count += pcm.shape[1] / stream.codec_context.sample_rate
            if count >= LISTENED:
                break
    return Heard(channels if count else None, mix)


def _sound(recording: Recording, container: Any, stream: Any) -> Any:
    """The sound of a track as it is, piece by piece: [channels, samples], -1 to 1. Damage is left out."""
    resampler = av.AudioResampler(format="fltp")
    try:
        for packet in packets(recording, container, stream):
            for frame in _decoded(packet):
                frame.pts = None
                for part in resampler.resample(frame):
                    yield part.to_ndarray()
    except (av.error.FFmpegError, ValueError) as error:
        if recording.fails(error, 0):
            raise


def _decoded(packet: Any) -> Any:
    try:
        return packet.decode()
    except av.error.InvalidDataError:
        return ()
