"""Reads channels and sees to it that nothing spoken is lost and nothing is invented."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.audio.channel_audio import ChannelAudio
from engine.decode import REST_STEP, Decoder, Decoding, Encoded
from engine.guards import (
    Gap,
    ends_early,
    gaps,
    is_doubtful,
    is_loop,
    lone_word,
    same_words,
    verdict_of,
    without_neighbours,
)
from engine.language import SURE, Stretch, settle
from engine.segments import Timed

SMALLEST = 188  # frames (6 s): a channel shorter than this is not split any further
ROUNDS = 4  # how deep readings of what a reading left out may go


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words of one channel in the recording's time, the decoding they are from, and what a guard did to get them.

    other_language: what is spoken there by its sound, where it was read, badly, in another.
    """

    words: tuple[Timed, ...]
    decoding: Decoding
    guard: str | None
    other_language: str | None = None


@dataclass(frozen=True, slots=True)
class Encoding:
    """One channel of a batch with what was read of it."""

    encoded: Encoded
    number: int
    decoding: Decoding

    @property
    def channel(self) -> ChannelAudio:
        return self.encoded.channels[self.number]


class Reader:
    """Turns encoded batches into utterances."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder

    def read(self, encoded: Encoded, languages: Sequence[str]) -> list[list[Utterance]]:
        """For each channel of the batch its utterances, in the order of time."""
        decodings = self._decoder.read(encoded, languages)
        return [
            self._complete(Encoding(encoded, number, decoding), None, ROUNDS)
            for number, decoding in enumerate(decodings)
        ]

    def read_stretches(self, channel: ChannelAudio, stretches: Sequence[Stretch]) -> list[Utterance]:
        """The utterances of a channel in which several languages are spoken, each stretch read by itself."""
        readings = [self._alone(channel.part(one.first, one.last), one.language) for one in stretches]
        return [utterance for one in readings for utterance in self._complete(one, None, ROUNDS)]

    def _complete(self, encoding: Encoding, guard: str | None, rounds: int) -> list[Utterance]:
        """The utterances of a channel that has been read once: judged, and with what it left out read too."""
        channel, decoding = encoding.channel, encoding.decoding
        verdict = verdict_of(decoding, channel.spoken)
        if verdict == "DROP":
            return []
        if verdict == "SPLIT":
            return self._in_parts(channel, decoding, rounds)
        doubtful = is_doubtful(decoding, channel.spoken)
        other = self._other_language(encoding) if doubtful else None
        better = self._heard_longer(encoding) if other is None and (doubtful or ends_early(decoding, channel)) else None
        if better is not None:
            encoding, guard = better, guard or "READ_AGAIN"
        better = self._without_crumb(encoding)
        if better is not None:
            encoding, guard = better, guard or "REALIGNED"
        found = self._with_gaps(encoding, guard, rounds if other is None else 0)
        return [replace(utterance, other_language=other) for utterance in found]

    def _other_language(self, encoding: Encoding) -> str | None:
        """The language that is spoken, if it is surely not the one that was read: then no reading in that is better."""
        if not self._decoder.model.multilingual:
            return None
        code, probability = settle([self._decoder.languages(encoding.encoded)[encoding.number]])
        return code if probability >= SURE and code != encoding.decoding.language else None

    def _in_parts(self, channel: ChannelAudio, decoding: Decoding, rounds: int) -> list[Utterance]:
        if channel.frames >= 2 * SMALLEST:
            at = _quietest(channel)
            parts = (channel.part(0, at), channel.part(at, channel.frames))
            readings = [self._alone(part, decoding.language) for part in parts]
            return [utterance for one in readings for utterance in self._complete(one, "SPLIT", rounds)]
        if is_loop(decoding):
            return self._without_loop(channel, decoding)
        return [Utterance(_timed(decoding, channel), decoding, None)]

    def _without_loop(self, channel: ChannelAudio, decoding: Decoding) -> list[Utterance]:
        """Another reading without the loop, the last one with penalties, which harm what is really said twice."""
        for with_penalties in (False, True) if self._decoder.hears_less(channel) else (True,):
            encoded = self._decoder.encode([channel], longest=not with_penalties)
            again = self._only(encoded, decoding.language, with_penalties).decoding
            if not is_loop(again):
                dropped = verdict_of(again, channel.spoken) == "DROP"
                return [] if dropped else [Utterance(_timed(again, channel), again, "LOOP_RETRIED")]
        return []

    def _heard_longer(self, encoding: Encoding) -> Encoding | None:
        """A channel heard by the encoder for as long as it was trained to, where that reads better."""
        channel, first = encoding.channel, encoding.decoding
        if not self._decoder.hears_less(channel):
            return None
        again = self._only(self._decoder.encode([channel], longest=True), first.language)
        if verdict_of(again.decoding, channel.spoken) != "KEEP" or not again.decoding.words:
            return None
        if ends_early(first, channel):
            return None if ends_early(again.decoding, channel) else again
        return again if again.decoding.log_probability > first.log_probability or not first.words else None

    def _without_crumb(self, encoding: Encoding) -> Encoding | None:
        """The channel without the sound under a lone word, where the word is heard beside the others all the same."""
        channel, words = encoding.channel, encoding.decoding.words
        alone = lone_word(encoding.decoding, channel)
        if alone is None:
            return None
        if alone == "FIRST":
            part = channel.part(channel.seam(words[0].end, words[1].start), channel.frames)
        else:
            part = channel.part(0, channel.seam(words[-2].end, words[-1].start))
        again = self._alone(part, encoding.decoding.language)
        said = again.decoding.words
        same = same_words(words[:3], said[:3]) if alone == "FIRST" else same_words(words[-3:], said[-3:])
        return again if same else None

    def _with_gaps(self, encoding: Encoding, guard: str | None, rounds: int) -> list[Utterance]:
        """The words, and between them what is read where people talk and no word is."""
        channel, decoding = encoding.channel, encoding.decoding
        timed, done = _timed(decoding, channel), 0
        found: list[Utterance] = []
        for gap in gaps(decoding, channel) if rounds else ():
            again = self._read_gap(encoding, gap)
            again = replace(again, decoding=without_neighbours(again.decoding, decoding.words, gap.before))
            found.append(Utterance(timed[done : gap.before], decoding, guard))
            name = "TAIL_RECOVERED" if gap.before == len(timed) else "GAP_RECOVERED"
            found += self._complete(again, name, rounds - 1 if again.decoding.words else 0)
            done = gap.before
        found.append(Utterance(timed[done:], decoding, guard))
        return [utterance for utterance in found if utterance.words]

    def _read_gap(self, encoding: Encoding, gap: Gap) -> Encoding:
        """What lies after the last word is cut from the states that are there; what lies before it is heard anew."""
        if gap.before == len(encoding.decoding.words):
            first = -(-gap.first // REST_STEP) * REST_STEP
            rest = self._decoder.encode_rest(encoding.encoded, encoding.number, first)
            return self._only(rest, encoding.decoding.language)
        return self._alone(encoding.channel.part(gap.first, gap.last), encoding.decoding.language)

    def _alone(self, channel: ChannelAudio, language: str) -> Encoding:
        return self._only(self._decoder.encode([channel]), language)

    def _only(self, encoded: Encoded, language: str, with_penalties: bool = False) -> Encoding:
        return Encoding(encoded, 0, self._decoder.read(encoded, [language], with_penalties)[0])


def _timed(decoding: Decoding, channel: ChannelAudio) -> tuple[Timed, ...]:
    words: list[Timed] = []
    for word in decoding.words:
        start, end = channel.original(word.start, word.end)
        words.append(Timed(word.text, start, end, word.probability))
    return tuple(words)


def _quietest(channel: ChannelAudio) -> int:
    """The frame of least probable speech in the middle third."""
    low, high = channel.frames // 3, channel.frames * 2 // 3
    return low + int(np.argmin(channel.probabilities[low:high]))
