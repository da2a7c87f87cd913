"""Each option does what it says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from engine.audio.media import Media
from engine.audio.recording import Source, open_recording
from engine.tests.make import samples, write_wav
from engine.tests.outcome import JFK, Outcome, recording

Transcribe = Callable[..., Outcome]


def test_channels_apart_are_told_apart_in_the_order_of_time(
    transcribe: Transcribe, jfk: "np.typing.NDArray[np.float32]", tmp_path: Path
) -> None:
    quiet = np.zeros_like(jfk)
    left, right = np.concatenate([jfk, quiet, jfk]), np.concatenate([quiet, jfk, quiet])
    path = write_wav(tmp_path / "two.wav", np.stack([left, right], axis=1))
    segments = transcribe(path, channels="split").all("segment")
    starts = [line["startSeconds"] for line in segments]
    assert starts == sorted(starts)
    for line in segments:
        middle = (line["startSeconds"] + line["endSeconds"]) / 2
        assert line["speaker"] == ("2" if 11 <= middle < 22 else "1")
    assert {line["speaker"] for line in segments} == {"1", "2"}
    mixed = transcribe(path).all("segment")
    assert all(line["speaker"] is None for line in mixed)


def test_two_people_on_two_channels_are_heard_both(transcribe: Transcribe) -> None:
    segments = transcribe(recording("en_stereo_two_speakers.wav"), channels="split").all("segment")
    said = {name: " ".join(line["text"] for line in segments if line["speaker"] == name) for name in ("1", "2")}
    assert "wizard" in said["1"] and "horizon" in said["2"]


def test_a_clip_of_the_recording_keeps_the_original_times(transcribe: Transcribe) -> None:
    outcome = transcribe(JFK, clip={"startSeconds": 8.0, "endSeconds": 11.0})
    assert "country" in outcome.text and "fellow" not in outcome.text
    assert all(8.0 <= line["startSeconds"] <= line["endSeconds"] <= 11.0 for line in outcome.all("segment"))
    assert "Americans" in transcribe(JFK, clip={"startSeconds": 0, "endSeconds": 4.0}).text


def test_a_clip_behind_the_end_is_told(transcribe: Transcribe) -> None:
    outcome = transcribe(JFK, clip={"startSeconds": 100.0, "endSeconds": None})
    assert outcome.all("segment") == []
    assert outcome.one("end")["warnings"] == ["The part that was asked for begins after the end of the recording."]


def test_without_vad_everything_is_read(
    transcribe: Transcribe, jfk: "np.typing.NDArray[np.float32]", tmp_path: Path
) -> None:
    path = write_wav(tmp_path / "late.wav", np.concatenate([np.zeros(20 * 16_000), jfk, np.zeros(10 * 16_000), jfk]))
    without, with_vad = transcribe(path, vad=False), transcribe(path)
    for outcome in (without, with_vad):
        assert outcome.text.lower().count("what you can do for your country") == 2
    starts = [line["startSeconds"] for line in with_vad.all("segment")]
    assert 19.5 <= starts[0] < 21


def test_translation_is_english(transcribe: Transcribe) -> None:
    text = transcribe(recording("es_capitan_veneno.mp3"), language="es", task="translate", clip={"endSeconds": 20}).text
    assert " the " in text.lower()


@pytest.mark.parametrize(("name", "code"), [("it_pico.wav", "it"), ("fr_pico.wav", "fr"), ("ja_pico.wav", "ja")])
def test_the_language_of_a_few_seconds_is_found(transcribe: Transcribe, name: str, code: str) -> None:
    assert transcribe(recording(name), language=None).one("language")["code"] == code


def test_languages_may_change_within_a_recording(transcribe: Transcribe) -> None:
    outcome = transcribe(recording("multilingual.mp3"), language=None, multilingual=True)
    assert outcome.one("language")["code"] == "en"
    segments = outcome.all("segment")
    assert segments[0]["language"] is None and segments[-1]["language"] == "de"
    assert "oftware" in " ".join(line["text"] for line in segments if line["language"] == "de")


def test_languages_may_change_within_a_clip(
    transcribe: Transcribe, jfk: "np.typing.NDArray[np.float32]", tmp_path: Path
) -> None:
    others = [samples(recording(name)) for name in ("fr_pico.wav", "it_pico.wav")]
    path = write_wav(tmp_path / "three.wav", np.concatenate([jfk, *others]))
    outcome = transcribe(path, language=None, multilingual=True)
    found: dict[str, str] = {}
    for line in outcome.all("segment"):
        code = line["language"] or outcome.one("language")["code"]
        found[code] = f"{found.get(code, '')} {line['text']}"
    assert list(found) == ["en", "fr", "it"]
    assert "what you can do for your country" in found["en"]
    assert "Sous le consulat, il devient conservateur" in found["fr"]
    assert "Sempre alla radio" in found["it"]


def test_another_language_than_the_one_that_was_detected_is_told(
    transcribe: Transcribe, jfk: "np.typing.NDArray[np.float32]", tmp_path: Path
) -> None:
    german = samples(recording("de_simplicissimus.mp3"))
    path = write_wav(tmp_path / "two.wav", np.concatenate([jfk, jfk, german[: 40 * 16_000]]))
    detected = transcribe(path, language=None)
    assert detected.one("language")["code"] == "en"
    warning = " ".join(detected.one("end")["warnings"])
    assert "sound like another language (de)" in warning and "multilingual" in warning
    assert transcribe(path, language="en").one("end")["warnings"] == []


def test_words_said_beforehand_guide_the_spelling(transcribe: Transcribe) -> None:
    path = recording("de_simplicissimus.mp3")
    clip = {"endSeconds": 16}
    plain = transcribe(path, language="de", clip=clip).text
    guided = transcribe(path, language="de", clip=clip, hotwords="Grimmelshausen Simplizissimus").text
    prompted = transcribe(path, language="de", clip=clip, initialPrompt="Grimmelshausen, Simplizissimus.").text
    spelt = ["Simplizissimus" in text for text in (plain, guided, prompted)]
    assert spelt == [False, True, True]


@pytest.mark.parametrize("text", ["word " * 2000, "  "])
def test_prompts_of_any_length_are_taken(transcribe: Transcribe, text: str) -> None:
    assert transcribe(JFK, initialPrompt=text, hotwords=text).one("end")["segments"] > 0


def test_a_language_that_the_model_does_not_know_is_refused(engine: Transcribe) -> None:
    assert engine(JFK, language="xx").one("error")["code"] == "ENGINE_PROTOCOL"


def test_beams_are_counted(transcribe: Transcribe) -> None:
    assert "country" in transcribe(JFK, beamSize=1).text


def piped(path: Path) -> Path:
    """The project's sample as an encoder leaves it that cannot go back to say how long it was and what it held."""
    data = bytearray(JFK.read_bytes())
    data[21] &= 0xF0
    data[22:42] = bytes(20)
    path.write_bytes(data)
    return path


def live(path: Path) -> Path:
    with av.open(str(path), "w", options={"live": "1"}) as file, av.open(str(JFK)) as sample:
        stream: Any = file.add_stream("libopus", rate=48_000, layout="mono")
        resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000, frame_size=960)
        for frame in (*sample.decode(audio=0), None):
            for part in resampler.resample(frame):
                file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("make", "name"), [(piped, "pipe.flac"), (live, "live.webm")], ids=["pipe", "live"])
def test_a_part_of_a_recording_that_does_not_tell_its_length_is_read(
    transcribe: Transcribe, tmp_path: Path, make: Callable[[Path], Path], name: str
) -> None:
    path = make(tmp_path / name)
    assert Media(open_recording(Source(str(path))), split=False).facts.seconds is None
    for clip, seconds, said in (
        ({"endSeconds": 5}, 5.0, "fellow americans"),
        ({"startSeconds": 5, "endSeconds": 60}, 11.0, "country can do for you"),
        ({"startSeconds": 30, "endSeconds": 60}, 11.0, ""),
        ({"startSeconds": 30}, 11.0, ""),
    ):
        outcome = transcribe(path, clip=clip)
        assert outcome.one("end")["durationSeconds"] == pytest.approx(seconds, abs=0.1)
        assert said in outcome.text.lower()
        assert [line["fraction"] for line in outcome.all("progress")] in ([], [0.999])
