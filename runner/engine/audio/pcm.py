"""The sound of a recording in a file, with how it was cut, which parts of it are read from: 117 MB an hour and channel.

A header, then frames of 512 samples (32 ms) of each channel, each with how probable speech is in every channel and with
the clip that it belongs to. So whoever reads a part need not judge again where somebody speaks.
"""

import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.audio.channel_audio import Clip
from engine.audio.media import MOST_CHANNELS, RATE, Sound
from engine.audio.recording import Recording
from engine.audio.vad import FRAME, Probabilities
from engine.errors import EngineError

HEADER = struct.Struct("<8sIxxxxQ")  # what the file is, how many channels, how many samples of each
MAGIC = b"frames16"
FULL_SCALE = np.float32(32768)
PIECE = 250  # frames (8 s) read at a time

Frames = npt.NDArray[Any]


def _frame(channels: int) -> np.dtype[Any]:
    """One frame; `clip` is the number of its clip and one, 0 where it was left out between clips."""
    return np.dtype([("sound", "<i2", (FRAME, channels)), ("speech", "<f4", (channels,)), ("clip", "<u4")])


def most_bytes(seconds: float) -> int | None:
    """How large the file of a recording of at most so many seconds may become; None = no limit."""
    if seconds == float("inf"):
        return None
    return HEADER.size + (int((seconds + 1) * RATE) // FRAME + 1) * _frame(MOST_CHANNELS).itemsize


def open_to_write(path: str) -> int:
    """The descriptor of a file that is there, to be written from its beginning."""
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise EngineError("ENGINE_PROTOCOL", "What the samples are to be written to is not a file.")
    return descriptor


class PcmWriter:
    """Writes such a file while the sound passes by, which begins with sample `start` of the recording."""

    def __init__(self, descriptor: int, start: int) -> None:
        self._descriptor, self._start = descriptor, start
        self._frame = _frame(1)
        self._samples = 0
        self._rest: Sound | None = None  # less than a frame

    def written(self, pieces: Iterator[Sound]) -> Iterator[Sound]:
        """The same sound, each piece written before it goes on; it comes as 16-bit samples, so that nothing is lost."""
        for piece in pieces:
            self._write(piece)
            yield piece
        if self._rest is not None:
            missing = -self._rest.shape[1] % FRAME
            self._append(np.pad(self._rest, ((0, 0), (0, missing))), self._rest.shape[1])
            os.pwrite(self._descriptor, HEADER.pack(MAGIC, self._rest.shape[0], self._samples), 0)

    def mark(self, clip: Clip) -> None:
        """Note how a clip was cut, all the sound of which has passed."""
        count = -(-(clip.end - clip.start) // FRAME)
        place = HEADER.size + (clip.start - self._start) // FRAME * self._frame.itemsize
        frames = np.frombuffer(os.pread(self._descriptor, count * self._frame.itemsize, place), self._frame).copy()
        frames["clip"] = clip.number + 1
        for channel in clip.channels:
            row, before = 0 if channel.speaker is None else int(channel.speaker) - 1, 0
            for sample, length in channel.spans:
                first = (sample - clip.start) // FRAME
                frames["speech"][first : first + length, row] = channel.probabilities[before : before + length]
                before += length
        _write_all(self._descriptor, frames.tobytes(), place)

    def _write(self, piece: Sound) -> None:
        if self._rest is None:
            self._rest, self._frame = piece[:, :0], _frame(piece.shape[0])
        sound = np.concatenate([self._rest, piece], axis=1)
        whole = sound.shape[1] // FRAME * FRAME
        self._rest = sound[:, whole:]
        self._append(sound[:, :whole], whole)

    def _append(self, sound: Sound, samples: int) -> None:
        frames = np.zeros(sound.shape[1] // FRAME, self._frame)
        frames["sound"] = (sound.T * FULL_SCALE).astype("<i2").reshape(-1, FRAME, sound.shape[0])
        _write_all(self._descriptor, frames.tobytes(), HEADER.size + self._samples // FRAME * self._frame.itemsize)
        self._samples += samples


def _write_all(descriptor: int, data: bytes, place: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, place)
        data, place = data[written:], place + written


@dataclass(frozen=True, slots=True)
class Cut:
    """How a clip was cut: its number, its first sample in the recording, and how probable speech is in its frames.

    rows: one a channel, zeros where it was left out of the clip.
    """

    number: int
    start: int
    rows: Probabilities  # shape [channels, frames]


class Pcm:
    """An open file of samples, the first of which is sample `start` of the recording."""

    def __init__(self, recording: Recording, start: int) -> None:
        self.recording, self._start = recording, start
        head = os.pread(recording.descriptor, HEADER.size, 0).ljust(HEADER.size, b"\0")
        magic, channels, samples = HEADER.unpack(head)
        self._samples: int = samples
        is_known = magic == MAGIC and 1 <= channels <= MOST_CHANNELS
        self._frame = _frame(channels if is_known else 1)
        whole = HEADER.size + -(-self._samples // FRAME) * self._frame.itemsize
        if not is_known or recording.bytes != whole:
            raise EngineError("MEDIA_CORRUPT", "The samples of the recording are not what was written.")

    @property
    def likely_seconds(self) -> float:
        """Where the sound ends on the time line of the recording."""
        return (self._start + self._samples) / RATE

    def sound(self, first: int) -> Iterator[Sound]:
        """The sound from a sample of the recording on."""
        before, left = (first - self._start) % FRAME, self._start + self._samples - first
        for frames in self._frames((first - self._start) // FRAME):
            sound = frames["sound"].reshape(-1, self._frame["sound"].shape[1]).T[:, before:][:, :left]
            before, left = 0, left - sound.shape[1]
            yield np.ascontiguousarray(sound).astype(np.float32) / FULL_SCALE

    def cuts(self, first: int) -> Iterator[Cut]:
        """The clips from the one on that begins with a sample of the recording, or after it."""
        sample, number, start = first, 0, first
        rows: list[Probabilities] = []
        for frames in self._frames(-(-(first - self._start) // FRAME)):  # where the recording ends is within a frame
            for same in np.split(frames, np.flatnonzero(np.diff(frames["clip"])) + 1):
                if same["clip"][0] != number:
                    if number:
                        yield Cut(number - 1, start, np.concatenate(rows).T)
                    number, start, rows = int(same["clip"][0]), sample, []
                if number:
                    rows.append(same["speech"])
                sample += same.size * FRAME
        if number:
            yield Cut(number - 1, start, np.concatenate(rows).T)

    def _frames(self, first: int) -> Iterator[Frames]:
        """The frames from number `first` on."""
        place = HEADER.size + first * self._frame.itemsize
        while read := os.pread(self.recording.descriptor, PIECE * self._frame.itemsize, place):
            place += len(read)
            yield np.frombuffer(read[: len(read) // self._frame.itemsize * self._frame.itemsize], self._frame)
