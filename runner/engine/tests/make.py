"""Recordings that tests make: WAV files, whose headers may lie, and containers with chosen streams."""

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler
from engine.audio.media import Media
from engine.audio.recording import Source, open_recording


def write_media(
    path: Path, tracks: list[tuple[str, "np.typing.NDArray[Any]"]], video: bool = False, rate: int = 16_000
) -> Path:
    """A container by the path's ending with audio tracks (codec, mono samples in -1 to 1) and perhaps a picture."""
    with av.open(str(path), "w") as container:
        picture: Any = container.add_stream("mpeg4", rate=5) if video else None
        streams: list[Any] = [container.add_stream(codec, rate=rate, layout="mono") for codec, _ in tracks]
        if video:
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
            for shade in range(10):
                image = np.full((64, 64, 3), 20 * shade, np.uint8)
                container.mux(picture.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(picture.encode(None))
        for stream, (_, samples) in zip(streams, tracks, strict=True):
            _encode(container, stream, samples, rate)
    return path


def write_coded(path: Path, samples: "np.typing.NDArray[Any]", coding: Sequence[str]) -> Path:
    """Samples at 16 kHz in a codec at a rate, perhaps a layout, and a container that the path's ending does not say."""
    codec, rate = coding[0], int(coding[1])
    layout = coding[2] if len(coding) > 2 else "mono"
    container = coding[3] if len(coding) > 3 else None
    with av.open(str(path), "w", format=container) as file:
        options = {"strict": "experimental"} if codec in ("vorbis", "opus") else {}
        stream: Any = file.add_stream(codec, rate=rate, layout=layout, options=options)
        if codec.startswith("wma"):
            stream.bit_rate = 64_000  # its own default is more than it allows
        nearest = np.arange(round(samples.size * rate / 16_000)) * 16_000 // rate
        _encode(file, stream, samples[nearest], rate)
    return path


def _encode(container: Any, stream: Any, samples: "np.typing.NDArray[Any]", rate: int) -> None:
    pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16)[None]
    frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
    frame.sample_rate = rate
    context = stream.codec_context
    size = context.frame_size or 1024
    resampler = AudioResampler(format=context.format, layout=context.layout, rate=rate, frame_size=size)
    at = 0
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        part.pts, part.time_base = at, Fraction(1, rate)
        at += part.samples
        container.mux(stream.encode(part))
    container.mux(stream.encode(None))


def samples(path: Path) -> "np.typing.NDArray[np.float32]":
    """The whole sound of a recording, mixed down, 16 kHz."""
    media = Media(open_recording(Source(str(path))), split=False)
    sound: np.typing.NDArray[np.float32] = np.concatenate(list(media.sound(86_400.0, None)), axis=1)[0]
    return sound


def noise(seconds: float, loudness: float = 0.05, seed: int = 1) -> "np.typing.NDArray[Any]":
    """Pink noise, 16 kHz."""
    count = int(seconds * 16_000)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.arange(spectrum.size), 1))
    sound = np.fft.irfft(spectrum, count)
    return np.asarray(sound / np.abs(sound).max() * loudness)


def music(seconds: float) -> "np.typing.NDArray[Any]":
    """Chords with a beat, 16 kHz."""
    time = np.arange(int(seconds * 16_000)) / 16_000
    chords = [(220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (196.0, 246.9, 392.0)]
    sound = np.zeros_like(time)
    for number, chord in enumerate(chords):
        playing = (time // 2).astype(int) % len(chords) == number
        for tone in chord:
            sound += playing * sum(np.sin(2 * np.pi * tone * k * time) / k for k in (1, 2, 3))
    return np.asarray(sound * np.exp(-3 * (time % 0.5)) * 0.1)


def write_wav(
    path: Path,
    samples: "np.typing.NDArray[Any]",
    rate: int = 16_000,
    header_rate: int | None = None,
    silent_hours: float = 0.0,
) -> Path:
    """A 16-bit WAV of samples [n] or [n, channels] in -1 to 1; `header_rate` lets the header lie.

    silent_hours: so much silence follows, as a hole in the file that takes no room on the disk.
    """
    data = (np.clip(samples, -1, 1) * 32767).astype("<i2")
    channels = 1 if data.ndim == 1 else data.shape[1]
    claimed = (rate if header_rate is None else header_rate).to_bytes(4, "little")
    block = (2 * channels).to_bytes(2, "little")
    head = b"\x01\x00" + channels.to_bytes(2, "little") + claimed + (0).to_bytes(4, "little") + block + b"\x10\x00"
    body = data.tobytes()
    length = len(body) + int(silent_hours * 3600 * rate) * 2 * channels
    size = (36 + length).to_bytes(4, "little")
    path.write_bytes(
        b"RIFF" + size + b"WAVEfmt \x10\x00\x00\x00" + head + b"data" + length.to_bytes(4, "little") + body
    )
    os.truncate(path, 44 + length)
    return path


def write_timed(
    path: Path,
    codec: str,
    pieces: list[tuple[float, "np.typing.NDArray[Any]"]],
    video_seconds: float = 0.0,
    rate: int = 48_000,
) -> Path:
    """A container by the path's ending whose sound stands at the given seconds, perhaps beside a picture from 0 on."""
    with av.open(str(path), "w") as container:
        codec_of_picture = "libvpx" if path.suffix == ".webm" else "mpeg4"
        picture: Any = container.add_stream(codec_of_picture, rate=5) if video_seconds else None
        stream: Any = container.add_stream(codec, rate=rate, layout="mono")
        if video_seconds:
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
            for number in range(round(video_seconds * 5)):
                image = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number % 256, np.uint8), format="rgb24")
                image.pts = number
                container.mux(picture.encode(image))
            container.mux(picture.encode(None))
        size = stream.codec_context.frame_size or 1024
        for start, samples in pieces:
            nearest = np.arange(round(samples.size * rate / 16_000)) * 16_000 // rate
            pcm = (np.clip(samples[nearest], -1, 1) * 32767).astype(np.int16)
            for at in range(0, pcm.size - size + 1, size):
                frame = av.AudioFrame.from_ndarray(pcm[None, at : at + size].copy(), format="s16", layout="mono")
                frame.sample_rate = rate
                resampled = AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate).resample(frame)
                for part in resampled:
                    part.pts, part.time_base = round(start * rate) + at, Fraction(1, rate)
                    container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path
