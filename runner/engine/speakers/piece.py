"""A piece: what one voice says within a core of the recording, how it sounds, and both as text on the wire."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CORE_SECONDS = 5  # the recording is cut into cores of it, counted from its beginning
TICKS = 500  # hundredths of a second in a core
VECTOR = 192  # numbers that say how a voice sounds

Ticks = npt.NDArray[np.bool_]  # shape [500]: in which hundredths of its core

# Of a piece in `voices` lines; half the precision of a float tells the same speakers apart.
RECORD = np.dtype(
    [("core", "<u4"), ("voice", "u1"), ("alone", "<u2"), ("active", "u1", (-(-TICKS // 8),)), ("vector", "<f2", VECTOR)]
)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """core: its number.   voice: 0 to 2, which of those that the net tells apart in the core; no more than that.
    active: when it speaks.   alone: ticks that the vector stands for.   vector: of length 1, or zeros if too short.
    """

    core: int
    voice: int
    active: Ticks
    alone: int
    vector: npt.NDArray[np.float32]


def encode(pieces: Sequence[Piece]) -> str:
    """The pieces as base64 of one record each, 606 characters."""
    records = np.zeros(len(pieces), RECORD)
    for record, piece in zip(records, pieces, strict=True):
        record["core"], record["voice"], record["alone"] = piece.core, piece.voice, piece.alone
        record["active"], record["vector"] = np.packbits(piece.active), piece.vector
    return base64.b64encode(records.tobytes()).decode("ascii")


def decode(text: str) -> list[Piece]:
    """What `encode` made. Raises ValueError for what it did not make."""
    records = np.frombuffer(base64.b64decode(text, validate=True), RECORD)
    vectors = records["vector"].astype(np.float32)
    if not np.isfinite(vectors).all() or (records["alone"] > TICKS).any():
        raise ValueError("a voice that no net has heard")
    return [
        Piece(int(one["core"]), int(one["voice"]), np.unpackbits(one["active"], count=TICKS) > 0, int(one["alone"]), v)
        for one, v in zip(records, vectors, strict=True)
    ]


def runs(ticks: Ticks) -> list[tuple[int, int]]:
    """The stretches [first, last) of ticks that are set."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ticks, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
