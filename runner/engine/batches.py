"""Clips in batches of fixed sizes: small ones first, so that words come early."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from engine.voice import Clip

RAMP = (1, 2, 4)  # clips in the first batches; the first words of a long recording come after 3 s instead of 13


@dataclass(frozen=True, slots=True)
class Batch:
    """Clips that are read together and become final together; `last`: of several clips, and none comes after it."""

    number: int
    clips: tuple[Clip, ...]
    last: bool


def batch_sizes(size: int, first: int = 0) -> Iterator[int]:
    """The sizes of the batches from number `first` on."""
    for step in RAMP[first:]:
        yield min(step, size)
    while True:
        yield size


def in_batches(clips: Iterator[Clip], size: int, first: int) -> Iterator[Batch]:
    """The clips, grouped, the batches numbered from `first` on; the last may be smaller."""
    number = first
    held: tuple[Clip, ...] = ()
    for room in batch_sizes(size, first):
        batch = tuple(islice(chain(held, clips), room))
        # The first words do not wait for a second clip.
        held = tuple(islice(clips, 1)) if len(batch) > 1 else ()
        if batch:
            yield Batch(number, batch, last=len(batch) > 1 and not held)
        if len(batch) < room:
            return
        number += 1
