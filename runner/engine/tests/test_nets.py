"""The nets under the model: nothing spoken is lost when it stops early, is cut off, or repeats itself."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from engine import guards
from engine.audio.channel_audio import ChannelAudio
from engine.audio.media import Media
from engine.audio.plan import plan
from engine.audio.recording import Source, open_recording
from engine.decode import Decoder, Decoding, Encoded
from engine.errors import EngineError
from engine.job import parse_job
from engine.lines import Lines
from engine.messages import Messages
from engine.model import Model
from engine.reader import Reader, Utterance
from engine.run import PLAIN
from engine.tests.make import noise, write_wav
from engine.tests.outcome import JFK, Outcome, job, recording
from engine.transcribe import Part, Transcription

Transcribe = Callable[..., Outcome]


class Careless(Decoder):
    """A real decoder whose first decoding of each batch comes out wrong, as `change` has it."""

    def __init__(self, model: Model, change: Callable[[Decoding], Decoding]) -> None:
        super().__init__(model, PLAIN)
        self.change: Callable[[Decoding], Decoding] | None = change

    def read(self, encoded: Encoded, languages: Sequence[str], with_penalties: bool = False) -> list[Decoding]:
        decodings = super().read(encoded, languages, with_penalties)
        change, self.change = self.change, None
        return decodings if change is None else [change(decoding) for decoding in decodings]


def without(first: int, last: int) -> Callable[[Decoding], Decoding]:
    """Loses the words from `first` up to `last`."""
    return lambda decoding: replace(decoding, words=decoding.words[:first] + decoding.words[last:])


def guards_of(utterances: list[Utterance]) -> list[str | None]:
    return [utterance.guard for utterance in utterances]


@pytest.fixture
def channel(jfk: "np.typing.NDArray[np.float32]") -> ChannelAudio:
    return next(plan(iter([jfk[None]]), True, 0, 0)).channels[0]


@pytest.fixture
def german() -> ChannelAudio:
    media = Media(open_recording(Source(str(recording("de_simplicissimus.mp3")))), split=False)
    return next(plan(media.sound(60.0, 9.0), True, 0, 0)).channels[0]


def plain(text: str) -> str:
    return " ".join("".join(c for c in word if c.isalnum()) for word in text.lower().split())


def said(utterances: list[Utterance]) -> str:
    return "".join(word.text for utterance in utterances for word in utterance.words).lower()


WHOLE = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"

# Words from one pause to another.
LOST = [(0, 5, "GAP_RECOVERED"), (5, 14, "GAP_RECOVERED"), (14, 22, "TAIL_RECOVERED")]


@pytest.mark.parametrize(("first", "last", "guard"), LOST)
def test_speech_that_the_model_passed_over_is_read_again(
    model: Model, channel: ChannelAudio, first: int, last: int, guard: str
) -> None:
    decoder = Careless(model, without(first, last))
    utterances = Reader(decoder).read(decoder.encode([channel]), ["en"])[0]
    assert guard in guards_of(utterances)
    assert plain(said(utterances)) == WHOLE
    times = [word.start for utterance in utterances for word in utterance.words]
    assert times == sorted(times)


def test_a_last_word_that_is_lost_is_read_again(model: Model, channel: ChannelAudio) -> None:
    decoder = Careless(model, without(21, 22))
    utterances = Reader(decoder).read(decoder.encode([channel]), ["en"])[0]
    assert guards_of(utterances) == ["READ_AGAIN"]
    assert plain(said(utterances)) == WHOLE


def test_a_doubtful_reading_that_is_not_bettered_is_kept(model: Model, channel: ChannelAudio) -> None:
    decoder = Careless(model, lambda decoding: replace(decoding, ratio=2.3))
    utterances = Reader(decoder).read(decoder.encode([channel]), ["en"])[0]
    assert plain(said(utterances)) == WHOLE


def stuttering(decoding: Decoding) -> Decoding:
    """Says its third word fifty times over."""
    return replace(decoding, words=decoding.words[:2] + decoding.words[2:3] * 50 + decoding.words[3:])


def test_a_loop_is_read_again(model: Model, channel: ChannelAudio) -> None:
    decoder = Careless(model, stuttering)
    utterances = Reader(decoder).read(decoder.encode([channel]), ["en"])[0]
    assert guards_of(utterances) == ["LOOP_RETRIED"]
    assert plain(said(utterances)) == WHOLE


def test_sound_in_another_language_is_not_read_again_and_told(model: Model, german: ChannelAudio) -> None:
    decoder = Careless(model, lambda decoding: replace(decoding, log_probability=-0.9))
    utterances = Reader(decoder).read(decoder.encode([german]), ["en"])[0]
    assert {(utterance.guard, utterance.other_language) for utterance in utterances} == {(None, "de")}


def test_a_real_recording_that_loses_its_tail_gets_it_back(transcribe: Transcribe) -> None:
    segments = transcribe(recording("multilingual.mp3"), clip={"startSeconds": 12, "endSeconds": 40}).all("segment")
    assert "TAIL_RECOVERED" in {line["guard"] for line in segments}
    gaps = [b["startSeconds"] - a["endSeconds"] for a, b in pairwise(segments)]
    assert max(gaps) < 5


def test_a_clip_that_is_cut_off_is_read_in_parts(
    model: Model, jfk: "np.typing.NDArray[np.float32]", monkeypatch: pytest.MonkeyPatch
) -> None:
    two = next(plan(iter([np.concatenate([jfk, jfk])[None]]), True, 0, 0)).channels[0]
    monkeypatch.setattr(guards, "FULL", 40)
    decoder = Decoder(model, PLAIN)
    utterances = Reader(decoder).read(decoder.encode([two]), ["en"])[0]
    assert set(guards_of(utterances)) == {"SPLIT"}
    assert said(utterances).count("what you can do for your country") == 2


def test_a_loop_in_noise_is_not_told(transcribe: Transcribe, tmp_path: Path) -> None:
    outcome = transcribe(write_wav(tmp_path / "noise.wav", noise(20)), vad=False)
    assert outcome.one("end")["segments"] == 0


@pytest.mark.parametrize(("change", "code"), [("append", "MEDIA_CHANGED"), ("unlink", "MEDIA_NOT_FOUND")])
def test_a_recording_that_is_not_the_same_at_the_end_fails(
    model: Model, tmp_path: Path, change: str, code: str
) -> None:
    path = tmp_path / "moving.flac"
    path.write_bytes(JFK.read_bytes())
    parsed = parse_job(json.dumps(job(path)))
    media = Media(open_recording(Source(str(path))), split=False)
    if change == "append":
        path.write_bytes(path.read_bytes() + b"more")
    else:
        path.unlink()
    lines = Lines(io.StringIO())
    with pytest.raises(EngineError) as caught:
        Transcription(parsed, model, media, Messages(lines, parsed, model), Part()).run()
    assert caught.value.code == code
