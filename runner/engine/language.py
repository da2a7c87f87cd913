"""Which language is spoken: heard from encoder states that are then decoded from, so that it costs nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.batches import Batch
from engine.decode import Decoder, Encoded

SURE = 0.5  # faster-whisper's threshold
VOICES = 3  # voices that are asked together when the first one is not sure


@dataclass(frozen=True, slots=True)
class Heard:
    """A batch whose voices, in the order of its clips, went through the encoder in these groups."""

    batch: Batch
    groups: tuple[Encoded, ...]


def hear(batch: Batch, decoder: Decoder, size: int) -> Heard:
    """Encode a batch. Clips of several voices may need more than one group, as `size` voices bound the memory."""
    voices = [voice for clip in batch.clips for voice in clip.voices]
    groups = (voices[i : i + size] for i in range(0, len(voices), size))
    return Heard(batch, tuple(decoder.encode(group) for group in groups))


def detect(batches: Iterator[Batch], decoder: Decoder, size: int) -> tuple[list[Heard], str, float] | None:
    """Take as many batches as settle the language: those batches, encoded, the code and its probability.

    None when there is nothing to hear at all.
    """
    heard: list[Heard] = []
    votes: list[dict[str, float]] = []
    for batch in batches:
        heard.append(hear(batch, decoder, size))
        votes += [vote for group in heard[-1].groups for vote in decoder.languages(group)]
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
