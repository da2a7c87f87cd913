"""Channels that hear one another: what one of them has of another's speech, quieter, is not said twice."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from engine.audio.channel_audio import ChannelAudio, Clip
from engine.audio.media import RATE
from engine.audio.vad import FRAME
from engine.reader import Utterance
from engine.segments import Timed

LOUDER = 10.0  # times the power, 10 dB: a microphone's own voice is never so far below one that it overhears
SAME_TIME = 0.5  # s between the beginnings of a word and its copy
COPIED = 0.5  # share of a run of quiet words that are copies; the rest of it was misheard


def without_echoes(clip: Clip, utterances: Sequence[list[Utterance]]) -> list[list[Utterance]]:
    """The utterances of each channel of a clip without those words that another one has too, and louder."""
    if len(clip.channels) < 2:
        return list(utterances)
    words = [[word for utterance in of_channel for word in utterance.words] for of_channel in utterances]
    kept: list[list[Utterance]] = []
    for number, of_channel in enumerate(utterances):
        echoes = {id(word) for word in _echoes(clip, words, number)}
        rest = [replace(one, words=tuple(w for w in one.words if id(w) not in echoes)) for one in of_channel]
        kept.append([one for one in rest if one.words])
    return kept


def _echoes(clip: Clip, words: Sequence[list[Timed]], number: int) -> Iterator[Timed]:
    """The words of a channel that are echoes: whole runs of words in which another channel is louder."""
    louder = [_louder_channel(clip, number, word) for word in words[number]]
    for other, run in groupby(zip(words[number], louder, strict=True), key=lambda pair: pair[1]):
        if other is None:
            continue
        quiet = [word for word, _ in run]
        copies = sum(_is_copy(word, words[other]) for word in quiet)
        if copies >= len(quiet) * COPIED:
            yield from quiet


def _louder_channel(clip: Clip, number: int, word: Timed) -> int | None:
    powers = [_power(channel, word.start, word.end) for channel in clip.channels]
    loudest = int(np.argmax(powers))
    return loudest if powers[loudest] > powers[number] * LOUDER else None


def _power(channel: ChannelAudio, start: float, end: float) -> float:
    """Mean power of what the channel has of a stretch of the recording, in seconds; what was left out is silence."""
    first, last = int(start * RATE), max(int(end * RATE), int(start * RATE) + FRAME)
    energy, before = 0.0, 0
    for sample, frames in channel.spans:
        low, high = max(first, sample), min(last, sample + frames * FRAME)
        if low < high:
            heard = channel.audio[before + low - sample : before + high - sample]
            energy += float(heard @ heard)
        before += frames * FRAME
    return energy / (last - first)


def _is_copy(word: Timed, others: Sequence[Timed]) -> bool:
    letters = _letters(word)
    return any(abs(other.start - word.start) <= SAME_TIME and _letters(other) == letters for other in others)


def _letters(word: Timed) -> str:
    return "".join(character for character in word.text.casefold() if character.isalnum())
