"""Channels that hear one another, and channels that hold the same sound."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from engine.audio.channel_audio import ChannelAudio, Clip
from engine.audio.media import Media
from engine.audio.recording import Source, open_recording
from engine.audio.vad import FRAME
from engine.decode import Decoding
from engine.echo import without_echoes
from engine.reader import Utterance
from engine.segments import Timed
from engine.tests.make import noise, samples, write_wav
from engine.tests.outcome import ROOT, Outcome

Transcribe = Callable[..., Outcome]
FRAMES = 300  # 9.6 s
Sound = np.typing.NDArray[np.float32]


def channel(name: str, *levels: float) -> ChannelAudio:
    """A channel of noise, each level for an equal part of it."""
    parts = np.repeat(np.array(levels, np.float32), FRAMES // len(levels) * FRAME)
    sound = np.random.default_rng(1).standard_normal(parts.size).astype(np.float32) * parts
    return ChannelAudio(name, sound, np.ones(FRAMES, np.float32), ((32_000, FRAMES),))


def said(text: str, start: float) -> list[Utterance]:
    decoding = Decoding(text, 9, -0.1, 0.1, 1.0, "en", ())
    words = [Timed(f" {word}", start + i * 0.4, start + (i + 1) * 0.4, 1.0) for i, word in enumerate(text.split())]
    return [Utterance(tuple(words), decoding, None)]


def texts(clip: Clip, *utterances: list[Utterance]) -> list[str]:
    kept = without_echoes(clip, utterances)
    return [" ".join(word.text.strip() for one in of_channel for word in one.words) for of_channel in kept]


def clip_of(*channels: ChannelAudio) -> Clip:
    return Clip(0, 32_000, 32_000 + FRAMES * FRAME, channels)


def test_the_quieter_copy_goes() -> None:
    clip = clip_of(channel("1", 0.3, 0.03), channel("2", 0.03, 0.3))
    asked, answered = said("Where were you?", 2.5), said("At home.", 9.0)
    copied = said("where where you", 2.6), said("at home", 9.1)
    assert texts(clip, asked + copied[1], copied[0] + answered) == ["Where were you?", "At home."]
    assert without_echoes(clip, [asked, copied[0]])[1] == []


def test_what_is_as_loud_stays() -> None:
    clip = clip_of(channel("1", 0.3), channel("2", 0.2))
    assert texts(clip, said("yes yes", 3.0), said("yes yes", 3.1)) == ["yes yes", "yes yes"]


def test_other_words_stay_however_quiet() -> None:
    clip = clip_of(channel("1", 0.3), channel("2", 0.03))
    assert texts(clip, said("where were you", 3.0), said("i was out", 3.0)) == ["where were you", "i was out"]
    late = said("where were you", 6.0)
    assert texts(clip, said("where were you", 3.0), late) == ["where were you", "where were you"]


def test_one_channel_is_left_as_it_is() -> None:
    utterances = [said("where were you", 3.0)]
    assert without_echoes(clip_of(channel("1", 0.3)), utterances) == utterances


def test_a_call_whose_channels_hear_one_another_has_every_word_once(transcribe: Transcribe, tmp_path: Path) -> None:
    """Two presidents, each 20 dB quieter on the other's channel."""
    call = np.zeros((22 * 16_000, 2), np.float32)
    for channel, (file, first) in enumerate((("jfk.flac", 0), ("columbia.opus", 11 * 16_000))):
        sound = samples(ROOT / "samples" / file)[: 11 * 16_000]
        call[first : first + sound.size, channel] = sound * (0.1 / np.sqrt((sound**2).mean()))
    alone = transcribe(write_wav(tmp_path / "alone.wav", call), channels="split")
    bleeding = transcribe(write_wav(tmp_path / "bleeding.wav", call + call[:, ::-1] * 0.1), channels="split")
    for one in (alone, bleeding):
        middles = [(line["speaker"], line["startSeconds"] + line["endSeconds"]) for line in one.all("segment")]
        assert {(speaker, twice > 22.0) for speaker, twice in middles} == {("1", False), ("2", True)}
    assert len(bleeding.text.split()) == pytest.approx(len(alone.text.split()), abs=2)


@pytest.mark.parametrize(("other", "told"), [(0.0, True), (0.01, True), (0.2, False)])
def test_two_channels_of_one_sound_are_told(tmp_path: Path, other: float, told: bool) -> None:
    sound = noise(5, 0.3)
    path = write_wav(tmp_path / "call.wav", np.stack([sound, sound + noise(5, other, seed=2)], axis=1))
    for split in (True, False):
        warnings = Media(open_recording(Source(str(path))), split=split).warnings
        assert any("Both channels hold the same sound" in text for text in warnings) == (told and split)
