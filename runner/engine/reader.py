"""Reads voices and sees to it that nothing spoken is lost and nothing is invented."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.decode import REST_STEP, Decoder, Encoded, Reading
from engine.media import RATE
from engine.segments import Timed
from engine.vad import FRAME
from engine.voice import Voice

SMALLEST = 188  # frames (6 s): a voice shorter than this is not split any further
MISSED = 1.5  # s of speech after the last word that make the rest worth another reading
MARGIN = 0.2  # s after the last word that still belong to it
ROUNDS = 4  # readings of the rest of a voice at most

Verdict = Literal["KEEP", "DROP", "SPLIT"]

# Whisper's own thresholds for silence: both must fail, as quiet real speech fails one of them.
NO_SPEECH, LOG_PROBABILITY = 0.6, -1.0
FULL = 223  # new tokens: the model was cut off, by dense speech or by a loop
LOOP_RATIO = 2.4  # Whisper's threshold; alone it damages real repetition, of which the model never says "no speech"
FAINT = 1.0  # s of speech by the VAD. Of 80 real words heard alone, "no speech" met only fragments that came out wrong


@dataclass(frozen=True, slots=True)
class Passage:
    """Words of one voice in the recording's time, the reading they are from, and what a guard did to get them."""

    words: tuple[Timed, ...]
    reading: Reading
    guard: str | None


@dataclass(frozen=True, slots=True)
class Hearing:
    """One voice of a batch with what was read of it."""

    encoded: Encoded
    number: int
    reading: Reading

    @property
    def voice(self) -> Voice:
        return self.encoded.voices[self.number]


class Reader:
    """Turns encoded batches into passages."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder

    def read(self, encoded: Encoded, languages: Sequence[str]) -> list[list[Passage]]:
        """For each voice of the batch its passages, in the order of time."""
        readings = self._decoder.read(encoded, languages)
        return [
            self._complete(Hearing(encoded, number, reading), None, ROUNDS) for number, reading in enumerate(readings)
        ]

    def _complete(self, hearing: Hearing, guard: str | None, rounds: int) -> list[Passage]:
        """The passages of a voice that has been read once: judged, and with its unread rest read too."""
        voice, reading = hearing.voice, hearing.reading
        verdict = judge(reading, voice.spoken)
        if verdict == "DROP":
            return []
        if verdict == "SPLIT":
            return self._in_parts(voice, reading, rounds)
        passage = Passage(_timed(reading, voice), reading, guard)
        first = _unread(voice, reading) if rounds else None
        if first is None:
            return [passage] if passage.words else []
        rest = self._decoder.encode_rest(hearing.encoded, hearing.number, first)
        again = self._only(rest, reading.language)
        return [passage, *self._complete(again, "TAIL_RECOVERED", rounds - 1 if again.reading.words else 0)]

    def _in_parts(self, voice: Voice, reading: Reading, rounds: int) -> list[Passage]:
        if voice.frames >= 2 * SMALLEST:
            at = _quietest(voice)
            parts = (voice.part(0, at), voice.part(at, voice.frames))
            readings = [self._alone(part, reading.language) for part in parts]
            return [passage for one in readings for passage in self._complete(one, "SPLIT", rounds)]
        again = self._alone(voice, reading.language, wary=True).reading if is_loop(reading) else reading
        if judge(again, voice.spoken) == "DROP" or is_loop(again):
            return []
        return [Passage(_timed(again, voice), again, "LOOP_RETRIED" if again is not reading else None)]

    def _alone(self, voice: Voice, language: str, wary: bool = False) -> Hearing:
        return self._only(self._decoder.encode([voice]), language, wary)

    def _only(self, encoded: Encoded, language: str, wary: bool = False) -> Hearing:
        return Hearing(encoded, 0, self._decoder.read(encoded, [language], wary)[0])


def _timed(reading: Reading, voice: Voice) -> tuple[Timed, ...]:
    words: list[Timed] = []
    for word in reading.words:
        start, end = voice.original(word.start, word.end)
        words.append(Timed(word.text, start, end, word.probability))
    return tuple(words)


def _unread(voice: Voice, reading: Reading) -> int | None:
    """The frame from which the voice is to be read again, if people go on talking after the last word."""
    if not reading.words:
        return None
    last = reading.words[-1].end + MARGIN
    missed = [(max(start, last), end) for start, end in voice.speech() if end > last]
    if sum(end - start for start, end in missed) <= MISSED:
        return None
    first = max(int(reading.words[-1].end * RATE) // FRAME, int(missed[0][0] * RATE) // FRAME - 13)
    return -(-first // REST_STEP) * REST_STEP


def _quietest(voice: Voice) -> int:
    """The frame of least probable speech in the middle third."""
    low, high = voice.frames // 3, voice.frames * 2 // 3
    return low + int(np.argmin(voice.probabilities[low:high]))


def judge(reading: Reading, speech: float) -> Verdict:
    """Keep it, drop it as words heard in silence, or read the sound again in smaller parts.

    `speech`: seconds of the sound that the VAD takes for speech. When the model itself says that nobody speaks, one
    more witness is enough: low probability, a loop, or a VAD that hears next to nothing.
    """
    unsure = reading.log_probability < LOG_PROBABILITY or reading.ratio > LOOP_RATIO or speech < FAINT
    if reading.no_speech > NO_SPEECH and unsure:
        return "DROP"
    return "SPLIT" if reading.tokens >= FULL else "KEEP"


def is_loop(reading: Reading) -> bool:
    """Whether the model repeated itself until it was cut off."""
    return reading.tokens >= FULL and reading.ratio > LOOP_RATIO
