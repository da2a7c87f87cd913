"""The nets under the model: nothing spoken is lost when it stops early, is cut off, or repeats itself."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from engine import reader
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


class Forgetful(Decoder):
    """A real decoder whose first decoding of each batch loses its second half."""

    forgets = True

    def read(self, encoded: Encoded, languages: Sequence[str], with_penalties: bool = False) -> list[Decoding]:
        decodings = super().read(encoded, languages, with_penalties)
        if not self.forgets:
            return decodings
        self.forgets = False
        return [replace(decoding, words=decoding.words[: len(decoding.words) // 2]) for decoding in decodings]


@pytest.fixture
def channel(jfk: "np.typing.NDArray[np.float32]") -> ChannelAudio:
    return next(plan(iter([jfk[None]]), True, 0, 0)).channels[0]


def said(utterances: list[Utterance]) -> str:
    return "".join(word.text for utterance in utterances for word in utterance.words).lower()


def test_speech_that_the_model_passed_over_is_read_again(model: Model, channel: ChannelAudio) -> None:
    decoder = Forgetful(model, PLAIN)
    utterances = Reader(decoder).read(decoder.encode([channel]), ["en"])[0]
    assert [utterance.guard for utterance in utterances][:2] == [None, "TAIL_RECOVERED"]
    assert "what you can do for your country" in said(utterances)
    times = [word.start for utterance in utterances for word in utterance.words]
    assert times == sorted(times)


def test_a_real_recording_that_loses_its_tail_gets_it_back(transcribe: Transcribe) -> None:
    segments = transcribe(recording("multilingual.mp3"), clip={"startSeconds": 12, "endSeconds": 40}).all("segment")
    assert "TAIL_RECOVERED" in {line["guard"] for line in segments}
    gaps = [b["startSeconds"] - a["endSeconds"] for a, b in pairwise(segments)]
    assert max(gaps) < 5


def test_a_clip_that_is_cut_off_is_read_in_parts(
    model: Model, jfk: "np.typing.NDArray[np.float32]", monkeypatch: pytest.MonkeyPatch
) -> None:
    two = next(plan(iter([np.concatenate([jfk, jfk])[None]]), True, 0, 0)).channels[0]
    monkeypatch.setattr(reader, "FULL", 40)
    decoder = Decoder(model, PLAIN)
    utterances = Reader(decoder).read(decoder.encode([two]), ["en"])[0]
    assert {utterance.guard for utterance in utterances} == {"SPLIT"}
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
