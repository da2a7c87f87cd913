"""Every recording that cannot be transcribed ends with its own code and a sentence for a person."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from engine import model
from engine.audio.media import Media
from engine.audio.recording import Source, open_recording
from engine.errors import EngineError
from engine.tests.make import noise, write_media, write_wav
from engine.tests.outcome import JFK, MODEL, Outcome

Engine = Callable[..., Outcome]


def refusal(path: Path, max_seconds: float = 86_400.0) -> EngineError:
    """The failure of opening and decoding a recording as the pipeline does."""
    with pytest.raises(EngineError) as caught:
        for _ in Media(open_recording(Source(str(path))), split=False).sound(max_seconds, None):
            pass
    assert str(path.parent) not in caught.value.message
    return caught.value


def test_a_failure_is_the_last_line_and_exit_code_1(engine: Engine, tmp_path: Path) -> None:
    outcome = engine(tmp_path / "gone.mp3")
    assert outcome.lines[-1] == {
        "type": "error",
        "code": "MEDIA_NOT_FOUND",
        "message": "There is no such recording.",
        "retryable": False,
    }
    assert outcome.code == 1


def test_missing_files_and_directories_are_not_found(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.wav").code == "MEDIA_NOT_FOUND"
    assert refusal(tmp_path).code == "MEDIA_NOT_FOUND"
    assert refusal(JFK / "x").code == "MEDIA_NOT_FOUND"
    assert refusal(tmp_path / ("x" * 300)).code == "MEDIA_NOT_FOUND"


def test_an_empty_file_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.touch()
    assert refusal(path).code == "MEDIA_EMPTY"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.mp3", "This is not a recording.\n" * 200),
        ("list.mp3", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{jfk}\n#EXT-X-ENDLIST\n"),
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{jfk}\n#EXT-X-ENDLIST\n"),
        ("script.mp3", "ffconcat version 1.0\nfile '{jfk}'\n"),
        ("session.wav", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n"),
    ],
)
def test_texts_and_files_that_name_other_files_are_not_read(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content.replace("{jfk}", str(JFK)))
    assert refusal(path).code == "MEDIA_UNSUPPORTED"


def test_random_bytes_hold_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "random.mp3"
    path.write_bytes(np.random.default_rng(5).bytes(200_000))
    assert refusal(path).code in ("MEDIA_UNSUPPORTED", "MEDIA_CORRUPT")


def test_a_recording_without_its_index_is_corrupt(tmp_path: Path) -> None:
    whole = write_media(tmp_path / "whole.m4a", [("aac", noise(5))])
    cut = tmp_path / "cut.m4a"
    cut.write_bytes(whole.read_bytes()[:8000])
    assert refusal(cut).code == "MEDIA_CORRUPT"


def test_a_picture_without_sound_has_no_audio(tmp_path: Path) -> None:
    assert refusal(write_media(tmp_path / "silent.mp4", [], video=True)).code == "MEDIA_NO_AUDIO"


@pytest.mark.parametrize("rate", [1, 3_999, 384_001, 2_000_000_000])
def test_impossible_sample_rates_are_refused_before_anything_is_resampled(tmp_path: Path, rate: int) -> None:
    assert refusal(write_wav(tmp_path / "lie.wav", noise(6), header_rate=rate)).code == "MEDIA_UNSUPPORTED"


def test_more_than_eight_channels_are_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "many.wav", np.repeat(noise(1)[:, None], 64, axis=1))
    assert refusal(path).code == "MEDIA_UNSUPPORTED"


def test_samples_are_counted_against_the_limit(tmp_path: Path) -> None:
    assert refusal(JFK, max_seconds=5.0).code == "MEDIA_TOO_LONG"


def test_a_declared_length_beyond_the_limit_is_refused_at_once(engine: Engine) -> None:
    outcome = engine(JFK, limits={"maxDurationSeconds": 5})
    assert outcome.one("error")["code"] == "MEDIA_TOO_LONG"
    assert not outcome.all("hello")


def test_a_day_is_transcribed_and_more_is_refused_at_once(
    engine: Engine, jfk: "np.typing.NDArray[np.float32]", tmp_path: Path
) -> None:
    day = write_wav(tmp_path / "day.wav", jfk, silent_hours=24 - jfk.size / 16_000 / 3600)
    outcome = engine(day, clip={"endSeconds": 60})
    assert outcome.all("media")[0]["durationSeconds"] == pytest.approx(86_400, abs=1)
    assert "what you can do for your country" in " ".join(line["text"] for line in outcome.all("segment"))
    assert outcome.code == 0
    longer = engine(write_wav(tmp_path / "longer.wav", jfk, silent_hours=27))
    assert longer.one("error")["code"] == "MEDIA_TOO_LONG"
    assert not longer.all("hello")


def test_a_recording_that_ends_early_is_decoded_with_a_warning(tmp_path: Path) -> None:
    whole = write_media(tmp_path / "whole.flac", [("flac", noise(10))])
    cut = tmp_path / "cut.flac"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    media = Media(open_recording(Source(str(cut))), split=False)
    decoded = sum(piece.shape[1] for piece in media.sound(86_400.0, None))
    assert 4 * 16_000 < decoded < 6 * 16_000
    assert any("says that it lasts 10.0 s" in warning for warning in media.warnings)


def test_a_truncated_mp3_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = write_media(tmp_path / "whole.mp3", [("mp3", noise(10))])
    cut = tmp_path / "cut.mp3"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    media = Media(open_recording(Source(str(cut))), split=False)
    assert 5 * 16_000 < sum(piece.shape[1] for piece in media.sound(86_400.0, None)) < 7 * 16_000
    assert any("says that it lasts" in warning for warning in media.warnings)


def test_a_recording_that_changes_or_vanishes_is_noticed(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "moving.wav", noise(1))
    recording = open_recording(Source(str(path)))
    recording.check_unchanged()
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(EngineError) as changed:
        recording.check_unchanged()
    assert changed.value.code == "MEDIA_CHANGED"
    path.unlink()
    with pytest.raises(EngineError) as gone:
        recording.check_unchanged()
    assert gone.value.code == "MEDIA_NOT_FOUND"


def test_models_that_are_missing_or_damaged_are_told_apart(engine: Engine, tmp_path: Path) -> None:
    outcome = engine(JFK, model={"id": "x", "path": str(tmp_path)})
    assert outcome.one("error")["code"] == "MODEL_NOT_FOUND"
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.json"):
        (tmp_path / name).write_text("{}")
    outcome = engine(JFK, model={"id": "x", "path": str(tmp_path)})
    assert outcome.one("error")["code"] == "MODEL_INVALID"
    assert str(tmp_path) not in outcome.one("error")["message"]


def test_a_model_that_cannot_be_hashed_is_told_as_one_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> str:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(model, "_sha256", refuse)
    with pytest.raises(EngineError) as caught:
        model.load_model(str(MODEL), "cpu", "int8", 1)
    assert caught.value.code == "MODEL_INVALID"


def test_a_graphics_card_that_is_not_there_is_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # where there is one, it is hidden
    error = engine(JFK, device="cuda", computeType="float16").one("error")
    assert (error["code"], error["retryable"]) == ("GPU_UNAVAILABLE", True)
    assert "no graphics card" in error["message"]


def test_a_job_line_that_is_wrong_names_the_field(engine: Engine) -> None:
    outcome = engine(JFK, beamSize="many")
    assert outcome.one("error")["code"] == "ENGINE_PROTOCOL"
    assert "options.beamSize" in outcome.one("error")["message"]


def test_another_file_than_the_one_that_was_meant_is_not_opened(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "meant.wav", noise(1))
    meant = path.stat()
    source = Source(str(path), "meant.wav", meant.st_dev, meant.st_ino, meant.st_size)
    open_recording(source).check_unchanged()
    write_wav(tmp_path / "other.wav", noise(2)).replace(path)
    with pytest.raises(EngineError) as changed:
        open_recording(source)
    assert changed.value.code == "MEDIA_CHANGED"


def test_what_is_open_is_read_whatever_becomes_of_its_path(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "first.wav", noise(3))
    recording = open_recording(Source(str(path)))
    path.rename(tmp_path / "moved.wav")
    write_wav(path, noise(1))
    pieces = Media(recording, split=False).sound(60.0, None)
    assert sum(piece.shape[1] for piece in pieces) == 3 * 16_000
    recording.check_unchanged()


def test_sound_without_a_mark_is_what_its_name_says(tmp_path: Path) -> None:
    sound = (np.sin(np.arange(16_000) * 0.1) * 20_000).astype("<i2").tobytes()
    path = tmp_path / "kept"
    path.write_bytes(sound)
    pieces = Media(open_recording(Source(str(path), "call.sln")), split=False).sound(60.0, None)
    assert abs(sum(piece.shape[1] for piece in pieces) - 2 * 16_000) < 100
    with pytest.raises(EngineError) as unmarked:
        Media(open_recording(Source(str(path), "call.bin")), split=False)
    assert unmarked.value.code == "MEDIA_UNSUPPORTED"
