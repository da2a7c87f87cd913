"""Words with real times: the alignment's raw times, bound to where speech was heard."""

from dataclasses import dataclass
from typing import Any

from faster_whisper.transcribe import merge_punctuations

from engine.audio.channel_audio import ChannelAudio

# Marks that belong to the word after them and to the word before them, as OpenAI's Whisper groups them.
OPENING = "\"'“¿([{-"
CLOSING = "\"'.。,，!！?？:：”)]}、"
LONGEST_WORD = 0.8  # s; a longer one usually has a pause in it that the alignment gave to the word


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the model wrote it, with the space before it if it has one; times in seconds of its channel."""

    text: str
    start: float
    end: float
    probability: float


def timed_words(alignment: list[dict[str, Any]], channel: ChannelAudio) -> tuple[Word, ...]:
    """The words of one channel, in order, times never going back."""
    merge_punctuations(alignment, OPENING, CLOSING)
    speech = channel.speech()
    words: list[Word] = []
    before = 0.0
    for item in alignment:
        if not item["word"]:
            continue
        start, end = _within_speech(float(item["start"]), float(item["end"]), speech)
        start = min(max(start, before), channel.seconds)
        end = min(max(end, start), channel.seconds)
        words.append(Word(item["word"], start, end, float(item["probability"])))
        before = end
    return tuple(words)


def _within_speech(start: float, end: float, speech: list[tuple[float, float]]) -> tuple[float, float]:
    """A long word is cut down to the longest stretch of speech in it."""
    if end - start <= LONGEST_WORD:
        return start, end
    inside = [(max(start, low), min(end, high)) for low, high in speech if low < end and high > start]
    if not inside:
        return start, end
    return max(inside, key=lambda part: part[1] - part[0])
