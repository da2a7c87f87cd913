"""Conversations whose turns are known, put together from the recordings of single voices beside the checkout."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from engine.audio.media import RATE
from engine.audio.vad import FRAME, SpeechDetector, speech
from engine.tests.make import noise, samples
from engine.tests.outcome import AUDIO

Sound = npt.NDArray[np.float32]
Turn = tuple[float, float, str]

# A voice: its recording, and the seconds of it in which nobody else speaks.
VOICES = {
    "reader": ("long_ljspeech_one_voice.flac", 0.0, 227.0),
    "president": ("en_columbia_address.wma", 2.0, 198.0),
    "german": ("de_simplicissimus.mp3", 0.0, 68.0),
    "spanish": ("es_capitan_veneno.mp3", 0.0, 70.0),
    "licence": ("multilingual.mp3", 0.0, 27.0),
}
SHORTEST, LONGEST, PAUSE = 0.6, 9.0, 0.25  # s: utterances, and the pauses that end them
BANDS = FRAME // 2 + 1
LOUDNESS = 0.08  # of full scale, the mean of each utterance


@dataclass(frozen=True)
class Conversation:
    """Sound [samples], 16 kHz, and who speaks when."""

    name: str
    sound: Sound
    turns: tuple[Turn, ...]

    @property
    def seconds(self) -> float:
        return self.sound.size / RATE

    @property
    def speakers(self) -> int:
        return len({speaker for *_, speaker in self.turns})


@cache
def utterances(voice: str, one_microphone: bool) -> tuple[Sound, ...]:
    """What a voice says between pauses, at one loudness; perhaps with the long-term spectrum of the first voice."""
    sound = _recorded(voice)
    if one_microphone:
        hertz = np.fft.rfftfreq(sound.size, 1 / RATE)
        bands = np.linspace(0, RATE / 2, BANDS)
        tilt = np.sqrt(_spectrum(next(iter(VOICES))) / np.maximum(_spectrum(voice), 1e-12)).clip(0.03, 30)
        heard = np.fft.irfft(np.fft.rfft(sound) * np.interp(hertz, bands, tilt), sound.size)
        sound = np.asarray(heard, np.float32)
    stretches = speech(SpeechDetector().probabilities(sound.reshape(-1, FRAME)))
    joined: list[list[int]] = []
    for start, end in stretches:
        near = joined and (start - joined[-1][1]) * FRAME / RATE < PAUSE
        if near and (end - joined[-1][0]) * FRAME / RATE < LONGEST:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    cut = [sound[start * FRAME : end * FRAME] for start, end in joined]
    return tuple(_at_one_level(one) for one in cut if one.size / RATE >= SHORTEST)


def conversation(
    voices: Sequence[str], seconds: float, seed: int, overlapping: float = 0.0, one_microphone: bool = False
) -> Conversation:
    """Turns of one to three utterances by each voice in turn, with pauses of 0.1 to 1 s between them.

    overlapping: the share of turns that begin 0.5 to 2 s before the one ahead of them ends. one_microphone: nobody can
    be told by how the sound was recorded.
    """
    chance = np.random.default_rng(seed)
    sound, turns = np.zeros(int((seconds + 3 * LONGEST) * RATE), np.float32), list[Turn]()
    said = {voice: utterances(voice, one_microphone) for voice in voices}
    left = {voice: _shuffled(said[voice], chance) for voice in voices}
    order = list(voices)
    at = 0.3
    while at < seconds:
        others = [voice for voice in voices if not turns or voice != turns[-1][2]] or list(voices)
        voice = order.pop() if order else str(chance.choice(others))
        for _ in range(chance.integers(1, 4)):
            spoken = left[voice].pop()
            left[voice] = left[voice] or _shuffled(said[voice], chance)
            first = int(at * RATE)
            sound[first : first + spoken.size] += spoken[: sound.size - first]
            end = at + spoken.size / RATE
            turns.append((at, end, voice))
            at = end + chance.uniform(0.1, 0.6)
        length = turns[-1][1] - turns[-1][0]
        early = chance.uniform(0.5, 2.0) if chance.random() < overlapping else -chance.uniform(0.1, 1.0)
        at = turns[-1][1] - min(early, length * 0.8)
    kept = tuple((start, min(end, seconds), who) for start, end, who in turns if start < seconds - 0.1)
    return Conversation(f"{len(voices)} voices, {seconds:.0f} s", sound[: int(seconds * RATE)], kept)


def in_noise(one: Conversation, decibel: float, seed: int) -> Conversation:
    """With pink noise so far below the speech."""
    level = float(np.sqrt((one.sound**2).mean()))
    hiss = noise(one.seconds + 1, 1.0, seed)[: one.sound.size]
    hiss *= level / np.sqrt((hiss**2).mean()) / 10 ** (decibel / 20)
    return replace(one, sound=(one.sound + hiss).astype(np.float32))


def in_a_hall(one: Conversation, seed: int) -> Conversation:
    """With the echo of a room that fades by 60 dB in 0.5 s."""
    count = RATE // 2
    echo = np.random.default_rng(seed).standard_normal(count) * 10 ** (-3 * np.arange(count) / count) * 0.04
    echo[0] = 1.0
    size = 1 << int(np.ceil(np.log2(one.sound.size + count)))
    heard = np.fft.irfft(np.fft.rfft(one.sound, size) * np.fft.rfft(echo, size), size)[: one.sound.size]
    return replace(one, sound=(heard / np.abs(heard).max() * 0.7).astype(np.float32))


def by_telephone(one: Conversation) -> Conversation:
    """Nothing below 300 Hz and above 3,400."""
    spectrum = np.fft.rfft(one.sound)
    hertz = np.fft.rfftfreq(one.sound.size, 1 / RATE)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    return replace(one, sound=np.fft.irfft(spectrum, one.sound.size).astype(np.float32))


def on_two_channels(one: Conversation, bleed_decibel: float) -> "npt.NDArray[np.float32]":
    """The first voice on the left, all others on the right, [samples, 2], each heard on the other side so far below."""
    first = one.turns[0][2]
    mask = np.zeros(one.sound.size, np.float32)
    for start, end, who in one.turns:
        if who == first:
            mask[int(start * RATE) : int(end * RATE)] = 1.0
    left, right = one.sound * mask, one.sound * (1 - mask)
    bleed = np.float32(10 ** (-bleed_decibel / 20))
    return np.stack([left + right * bleed, right + left * bleed], axis=1)


def _recorded(voice: str) -> Sound:
    name, first, last = VOICES[voice]
    sound = samples(AUDIO / name)[int(first * RATE) : int(last * RATE)]
    return np.asarray(sound[: sound.size // FRAME * FRAME], np.float32)


@cache
def _spectrum(voice: str) -> "npt.NDArray[np.float64]":
    """The mean power of a voice in each of 257 bands."""
    frames = _recorded(voice).reshape(-1, FRAME) * np.hanning(FRAME)
    power = (np.abs(np.fft.rfft(frames)) ** 2).mean(axis=0)
    return np.asarray(power / power.sum(), np.float64)


def _shuffled(said: Sequence[Sound], chance: np.random.Generator) -> list[Sound]:
    return [said[i] for i in chance.permutation(len(said))]


def _at_one_level(sound: Sound) -> Sound:
    level = float(np.sqrt((sound**2).mean()))
    return np.asarray(sound * (LOUDNESS / max(level, 1e-6)), np.float32)
