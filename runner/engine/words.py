"""Words with real times: the alignment's raw times, bound to where speech was heard."""

from bisect import bisect
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from faster_whisper.transcribe import merge_punctuations

from engine.audio.channel_audio import ChannelAudio

# Marks that belong to the word after them and to the word before them, as OpenAI's Whisper groups them.
OPENING = "\"'“¿([{-"
CLOSING = "\"'.。,，!！?？:：”)]}、"
LONGEST_WORD = 0.8  # s; a longer one usually has a pause in it that the alignment gave to the word
SHORTEST_WORD = 0.04  # s that a word keeps when its edge is moved

# How far the edge of an utterance is moved to where the VAD hears it, in seconds. Over 44 utterances whose edges are
# known exactly the median error of the beginning goes from 186 ms to 20, that of the end from 120 to 30. Further the
# beginning is not moved: in a hall Silero is late by more than the alignment is wrong.
START_REACH, END_REACH = 0.3, 0.5


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
    return tuple(_to_the_voice(words, channel))


def _to_the_voice(words: list[Word], channel: ChannelAudio) -> list[Word]:
    """The words, the first and the last one of each stretch of speech moved to its edges, if these are near."""
    voices = channel.voices()
    if not voices:
        return words
    halfway = [(one[1] + other[0]) / 2 for one, other in pairwise(voices)]
    places = [bisect(halfway, (word.start + word.end) / 2) for word in words]
    moved: list[Word] = []
    for number, (word, place) in enumerate(zip(words, places, strict=True)):
        start, end = word.start, word.end
        if number == 0 or places[number - 1] != place:
            earliest = moved[-1].end if moved else 0.0
            start = _near(start, voices[place][0], START_REACH, earliest, max(start, end - SHORTEST_WORD))
        if number == len(words) - 1 or places[number + 1] != place:
            latest = words[number + 1].start if number < len(words) - 1 else channel.seconds
            end = _near(end, voices[place][1], END_REACH, min(end, start + SHORTEST_WORD), latest)
        moved.append(replace(word, start=start, end=end))
    return moved


def _near(time: float, edge: float, reach: float, low: float, high: float) -> float:
    """The edge, kept between two bounds, or the time as it is if the edge is out of reach."""
    return min(max(edge, low), high) if abs(edge - time) <= reach else time


def _within_speech(start: float, end: float, speech: list[tuple[float, float]]) -> tuple[float, float]:
    """A long word is cut down to the longest stretch of speech in it."""
    if end - start <= LONGEST_WORD:
        return start, end
    inside = [(max(start, low), min(end, high)) for low, high in speech if low < end and high > start]
    if not inside:
        return end - LONGEST_WORD, end  # a pause before it, that ends with it
    return max(inside, key=lambda part: part[1] - part[0])
