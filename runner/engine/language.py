"""Which language is spoken: found from encoder states that are then decoded from, so that it costs nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.audio.plan import Batch
from engine.audio.vad import speech
from engine.decode import Decoder, Encoded

SURE = 0.5  # faster-whisper's threshold
MOST_VOTES = 3  # channels that are asked together when the first one is not sure
POSSIBLE = 0.01  # of the whole of a channel: what less is said of is not one of its languages
PIECE = 94  # frames (3 s) of sound that are enough to tell a language by


@dataclass(frozen=True, slots=True)
class EncodedBatch:
    """A batch whose channels, in the order of its clips, went through the encoder in these groups."""

    batch: Batch
    groups: tuple[Encoded, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames [first, last) of a channel in which one language is spoken."""

    first: int
    last: int
    language: str


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
        votes += [_vote(group, number, decoder) for group in batch.groups for number in range(len(group.channels))]
        if max(votes[0].values()) >= SURE:
            votes = votes[:1]
            break
        if len(votes) >= MOST_VOTES:
            break
    return (encoded, *settle(votes[:MOST_VOTES])) if encoded else None


def _vote(encoded: Encoded, number: int, decoder: Decoder) -> dict[str, float]:
    """What the pieces of a channel say, each for as long as it is, of the languages that the whole of it may be.

    Asked as a whole alone, 17 s of English before 9 s of German were 86 % German; asked by pieces alone, 5 s of Italian
    were 64 % Bosnian, and of 48 voices of 3 s six were taken for another language instead of two.
    """
    frames = encoded.channels[number].frames
    whole = decoder.languages(encoded)[number]
    pieces, votes = _piece_votes(encoded, number, decoder)
    if len(pieces) == 1:
        return whole
    sums = {code: 0.0 for code, probability in whole.items() if probability >= POSSIBLE}
    for (first, last), vote in zip(pieces, votes, strict=True):
        for code in sums:
            sums[code] += vote.get(code, 0.0) * (last - first) / frames
    return sums


def _piece_votes(
    encoded: Encoded, number: int, decoder: Decoder
) -> tuple[list[tuple[int, int]], list[dict[str, float]]]:
    """The pieces of a channel, frames [first, last), and the probability of each language code in each of them."""
    channel = encoded.channels[number]
    pieces = _pieces(speech(channel.probabilities), channel.frames)
    return pieces, decoder.languages_of_parts(encoded, number, pieces)


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


def stretches(encoded: Encoded, number: int, decoder: Decoder) -> list[Stretch]:
    """The channel cut at the pauses where another language begins.

    Each piece of a few seconds has a vote, from the states that are there: together they cost what one vote of the
    whole channel does. One that is not sure goes with its neighbours, or is heard by itself where these disagree.
    """
    channel = encoded.channels[number]
    pieces, votes = _piece_votes(encoded, number, decoder)
    said = [_if_sure(vote) for vote in votes]
    known = {code for code in said if code is not None}
    if len(known) < 2:
        return [Stretch(0, channel.frames, known.pop() if known else settle(votes)[0])]
    said = [
        code or _if_sure(decoder.languages(decoder.encode([channel.part(*piece)]))[0])
        for code, piece in zip(said, pieces, strict=True)
    ]
    found: list[Stretch] = []
    language = next(code for code in said if code is not None)
    for (first, last), code in zip(pieces, said, strict=True):
        language = code or language
        if found and found[-1].language == language:
            found[-1] = replace(found[-1], last=last)
        else:
            found.append(Stretch(first, last, language))
    return found


def _pieces(talk: list[tuple[int, int]], frames: int) -> list[tuple[int, int]]:
    """The whole channel cut in the middle of pauses, so that there are 3 s between the cuts at least."""
    edges = [0]
    for (_, before), (after, _) in pairwise(talk):
        middle = (before + after) // 2
        if min(middle - edges[-1], frames - middle) >= PIECE:
            edges.append(middle)
    return list(pairwise([*edges, frames]))


def _if_sure(vote: dict[str, float]) -> str | None:
    code, probability = settle([vote])
    return code if probability >= SURE else None
