"""Which language is spoken: heard from encoder states that are then decoded from, so that it costs nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.decode import Decoder, Encoded
from engine.plan import Batch

SURE = 0.5  # faster-whisper's threshold
VOICES = 3  # voices that are asked together when the first one is not sure


@dataclass(frozen=True, slots=True)
class Heard:
    """A batch whose voices, in the order of its clips, went through the encoder in these groups."""

    batch: Batch
    groups: tuple[Encoded, ...]


def hear(batch: Batch, decoder: Decoder, size: int) -> Heard:
    """Encode a batch in groups of at most `size` voices, which bounds the memory: clips may be of several voices.

    The last batch of a recording goes in two halves: nothing comes after it that could be worked at beside it.
    """
    voices = [voice for clip in batch.clips for voice in clip.voices]
    step = min(size, -(-len(voices) // 2)) if batch.last else size
    groups = (voices[i : i + step] for i in range(0, len(voices), step))
    return Heard(batch, tuple(decoder.encode(group) for group in groups))


def detect(batches: Iterator[Heard], decoder: Decoder) -> tuple[list[Heard], str, float] | None:
    """Take as many batches as settle the language: those batches, the code and its probability.

    None when there is nothing to hear at all.
    """
    heard: list[Heard] = []
    votes: list[dict[str, float]] = []
    for batch in batches:
        heard.append(batch)
        votes += [vote for group in batch.groups for vote in decoder.languages(group)]
        if max(votes[0].values()) >= SURE:
            votes = votes[:1]
            break
        if len(votes) >= VOICES:
            break
    return (heard, *settle(votes[:VOICES])) if heard else None


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
