"""The sound of a recording as plain samples in a file, which parts of it are read from: 115 MB an hour and channel."""

import os
import stat
import struct
from collections.abc import Iterator

import numpy as np

from engine.audio.media import MOST_CHANNELS, RATE, Sound
from engine.audio.recording import Recording
from engine.errors import EngineError

HEADER = struct.Struct("<8sI4x")  # what the file is, and how many channels; then their samples in turn
MAGIC = b"s16le16k"
FULL_SCALE = np.float32(32768)
PIECE = 8 * RATE  # samples read at a time
SAMPLE = 2  # bytes


def most_bytes(seconds: float) -> int | None:
    """How large the file of a recording of at most so many seconds may become; None = no limit."""
    if seconds == float("inf"):
        return None
    return HEADER.size + (int(seconds) + 1) * RATE * SAMPLE * MOST_CHANNELS


def open_to_write(path: str) -> int:
    """The descriptor of a file that is there, to be written from its beginning."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise EngineError("ENGINE_PROTOCOL", "What the samples are to be written to is not a file.")
    return descriptor


def written(pieces: Iterator[Sound], descriptor: int) -> Iterator[Sound]:
    """The same sound, each piece written before it goes on; it comes as 16-bit samples, so that nothing is lost."""
    channels = 0
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        for piece in pieces:
            if not channels:
                channels = piece.shape[0]
                file.write(HEADER.pack(MAGIC, channels))
            file.write((piece.T * FULL_SCALE).astype("<i2").tobytes())
            yield piece


class Pcm:
    """An open file of samples, the first of which is sample `start` of the recording."""

    def __init__(self, recording: Recording, start: int) -> None:
        self.recording, self._start = recording, start
        self._channels: int
        magic, self._channels = HEADER.unpack(os.pread(recording.descriptor, HEADER.size, 0).ljust(HEADER.size, b"\0"))
        if magic != MAGIC or not 1 <= self._channels <= MOST_CHANNELS:
            raise EngineError("MEDIA_CORRUPT", "The samples of the recording are not what was written.")
        self._frame = SAMPLE * self._channels

    @property
    def likely_seconds(self) -> float:
        """Where the sound ends on the time line of the recording."""
        return (self._start + (self.recording.bytes - HEADER.size) // self._frame) / RATE

    def sound(self, first: int) -> Iterator[Sound]:
        """The sound from a sample of the recording on."""
        place = HEADER.size + (first - self._start) * self._frame
        while read := os.pread(self.recording.descriptor, PIECE * self._frame, place):
            whole = len(read) // self._frame * self._frame
            if not whole:
                return
            place += whole
            samples = np.frombuffer(read[:whole], "<i2").reshape(-1, self._channels).T
            yield np.ascontiguousarray(samples).astype(np.float32) / FULL_SCALE
