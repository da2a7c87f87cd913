"""Which language is spoken: found from encoder states that are then decoded from, so that it costs nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.audio.plan import Batch
from engine.decode import Decoder, Encoded

SURE = 0.5  # faster-whisper's threshold
MOST_VOTES = 3  # channels that are asked together when the first one is not sure


@dataclass(frozen=True, slots=True)
class EncodedBatch:
    """A batch whose channels, in the order of its clips, went through the encoder in these groups."""

    batch: Batch
    groups: tuple[Encoded, ...]


def encode_batch(batch: Batch, decoder: Decoder, size: int) -> EncodedBatch:
    """Encode a batch in groups of at most `size` channels, which bounds the memory: clips may be of several channels.

    The last batch of a recording goes in two halves: nothing comes after it that could be worked at beside it.
    """
    channels = [channel for clip in batch.clips for channel in clip.channels]
    step = min(size, -(-len(channels) // 2)) if batch.last else size
    groups = (channels[i : i + step] for i in range(0, len(channels), step))
    return EncodedBatch(batch, tuple(decoder.encode(group) for group in groups))


def detect(batches: Iterator[EncodedBatch], decoder: Decoder) -> tuple[list[EncodedBatch], str, float] | None:
    """Take as many batches as settle the language: those batches, the code and its probability.

    None when there is nothing to hear at all.
    """
    encoded: list[EncodedBatch] = []
    votes: list[dict[str, float]] = []
    for batch in batches:
        encoded.append(batch)
        votes += [vote for group in batch.groups for vote in decoder.languages(group)]
        if max(votes[0].values()) >= SURE:
            votes = votes[:1]
            break
        if len(votes) >= MOST_VOTES:
            break
    return (encoded, *settle(votes[:MOST_VOTES])) if encoded else None


def settle(votes: Iterable[dict[str, float]]) -> tuple[str, float]:
    """The language with the largest sum over the voters, and its mean probability. Ties go by the code."""
    sums: dict[str, float] = {}
    count = 0
    for vote in votes:
        count += 1
        for code, probability in vote.items():
            sums[code] = sums.get(code, 0.0) + probability
    code = min(sums, key=lambda name: (-sums[name], name))
    return code, sums[code] / count
