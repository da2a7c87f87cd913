"""Reads channels and sees to it that nothing spoken is lost and nothing is invented."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.audio.channel_audio import ChannelAudio
from engine.audio.media import RATE
from engine.audio.vad import FRAME
from engine.decode import REST_STEP, Decoder, Decoding, Encoded
from engine.segments import Timed

SMALLEST = 188  # frames (6 s): a channel shorter than this is not split any further
MISSED = 1.5  # s of speech after the last word that make the rest worth another decoding
MARGIN = 0.2  # s after the last word that still belong to it
ROUNDS = 4  # decodings of the rest of a channel at most

Verdict = Literal["KEEP", "DROP", "SPLIT"]

# Whisper's own thresholds for silence: both must fail, as quiet real speech fails one of them.
NO_SPEECH, LOG_PROBABILITY = 0.6, -1.0
FULL = 223  # new tokens: the model was cut off, by dense speech or by a loop
LOOP_RATIO = 2.4  # Whisper's threshold; alone it damages real repetition, of which the model never says "no speech"
FAINT = 1.0  # s of speech by the VAD. Of 80 real words heard alone, "no speech" met only fragments that came out wrong


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words of one channel in the recording's time, the decoding they are from, and what a guard did to get them."""

    words: tuple[Timed, ...]
    decoding: Decoding
    guard: str | None


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

    def _complete(self, encoding: Encoding, guard: str | None, rounds: int) -> list[Utterance]:
        """The utterances of a channel that has been read once: judged, and with its unread rest read too."""
        channel, decoding = encoding.channel, encoding.decoding
        verdict = verdict_of(decoding, channel.spoken)
        if verdict == "DROP":
            return []
        if verdict == "SPLIT":
            return self._in_parts(channel, decoding, rounds)
        utterance = Utterance(_timed(decoding, channel), decoding, guard)
        first = _unread(channel, decoding) if rounds else None
        if first is None:
            return [utterance] if utterance.words else []
        rest = self._decoder.encode_rest(encoding.encoded, encoding.number, first)
        again = self._only(rest, decoding.language)
        return [utterance, *self._complete(again, "TAIL_RECOVERED", rounds - 1 if again.decoding.words else 0)]

    def _in_parts(self, channel: ChannelAudio, decoding: Decoding, rounds: int) -> list[Utterance]:
        if channel.frames >= 2 * SMALLEST:
            at = _quietest(channel)
            parts = (channel.part(0, at), channel.part(at, channel.frames))
            decodings = [self._alone(part, decoding.language) for part in parts]
            return [utterance for one in decodings for utterance in self._complete(one, "SPLIT", rounds)]
        again = self._alone(channel, decoding.language, with_penalties=True).decoding if is_loop(decoding) else decoding
        if verdict_of(again, channel.spoken) == "DROP" or is_loop(again):
            return []
        return [Utterance(_timed(again, channel), again, "LOOP_RETRIED" if again is not decoding else None)]

    def _alone(self, channel: ChannelAudio, language: str, with_penalties: bool = False) -> Encoding:
        return self._only(self._decoder.encode([channel]), language, with_penalties)

    def _only(self, encoded: Encoded, language: str, with_penalties: bool = False) -> Encoding:
        return Encoding(encoded, 0, self._decoder.read(encoded, [language], with_penalties)[0])


def _timed(decoding: Decoding, channel: ChannelAudio) -> tuple[Timed, ...]:
    words: list[Timed] = []
    for word in decoding.words:
        start, end = channel.original(word.start, word.end)
        words.append(Timed(word.text, start, end, word.probability))
    return tuple(words)


def _unread(channel: ChannelAudio, decoding: Decoding) -> int | None:
    """The frame from which the channel is to be read again, if people go on talking after the last word."""
    if not decoding.words:
        return None
    last = decoding.words[-1].end + MARGIN
    missed = [(max(start, last), end) for start, end in channel.speech() if end > last]
    if sum(end - start for start, end in missed) <= MISSED:
        return None
    first = max(int(decoding.words[-1].end * RATE) // FRAME, int(missed[0][0] * RATE) // FRAME - 13)
    return -(-first // REST_STEP) * REST_STEP


def _quietest(channel: ChannelAudio) -> int:
    """The frame of least probable speech in the middle third."""
    low, high = channel.frames // 3, channel.frames * 2 // 3
    return low + int(np.argmin(channel.probabilities[low:high]))


def verdict_of(decoding: Decoding, speech: float) -> Verdict:
    """Keep it, drop it as words heard in silence, or read the sound again in smaller parts.

    `speech`: seconds of the sound that the VAD takes for speech. When the model itself says that nobody speaks, one
    more witness is enough: low probability, a loop, or a VAD that hears next to nothing.
    """
    unsure = decoding.log_probability < LOG_PROBABILITY or decoding.ratio > LOOP_RATIO or speech < FAINT
    if decoding.no_speech > NO_SPEECH and unsure:
        return "DROP"
    return "SPLIT" if decoding.tokens >= FULL else "KEEP"


def is_loop(decoding: Decoding) -> bool:
    """Whether the model repeated itself until it was cut off."""
    return decoding.tokens >= FULL and decoding.ratio > LOOP_RATIO
