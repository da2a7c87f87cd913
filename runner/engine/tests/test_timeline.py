"""Sound stands where players play it, whatever container it lies in, and the right sound is read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from engine.audio.media import RATE, Media
from engine.audio.peaks import Peaks
from engine.audio.recording import Source, open_recording
from engine.tests.make import noise, write_media, write_timed, write_wav
from engine.tests.outcome import JFK, Outcome

Sound = npt.NDArray[Any]


def read(path: Path, split: bool = False) -> tuple[Media, Any]:
    """The recording and its whole sound, [channels, samples]."""
    media = Media(open_recording(Source(str(path))), split=split)
    return media, np.concatenate(list(media.sound(86_400.0, None)), axis=1)


def tone(seconds: float, loudness: float = 0.5) -> Any:
    return np.sin(np.arange(round(seconds * RATE)) * 0.3) * loudness


def stretches(sound: Any) -> list[tuple[float, float]]:
    """Where it is loud, in seconds to a tenth."""
    loud = np.abs(sound[0]).reshape(-1)[: sound.shape[1] // 800 * 800].reshape(-1, 800).max(axis=1) > 0.05
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int)))
    return [(round(a * 0.05, 1), round(b * 0.05, 1)) for a, b in edges.reshape(-1, 2)]


def near(found: list[tuple[float, float]], wanted: list[tuple[float, float]]) -> bool:
    flat = [edge for pair in zip(found, wanted, strict=True) for edge in zip(*pair, strict=True)]
    return all(abs(one - other) <= 0.2 for one, other in flat)


CONTAINERS_WITH_TIMES = [("mkv", "flac"), ("webm", "libopus"), ("mp4", "aac"), ("ts", "mp2"), ("mov", "pcm_s16le")]


@pytest.mark.parametrize(("ending", "codec"), CONTAINERS_WITH_TIMES)
def test_a_late_track_begins_late(tmp_path: Path, ending: str, codec: str) -> None:
    path = write_timed(tmp_path / f"late.{ending}", codec, [(3.0, tone(2))], video_seconds=8)
    media, sound = read(path)
    assert near(stretches(sound), [(3.0, 5.0)])
    assert media.warnings == []


@pytest.mark.parametrize(("ending", "codec"), CONTAINERS_WITH_TIMES[:4])
def test_a_hole_is_silence_of_its_length(tmp_path: Path, ending: str, codec: str) -> None:
    path = write_timed(tmp_path / f"hole.{ending}", codec, [(0.0, tone(1)), (4.0, tone(1)), (6.5, tone(1))])
    media, sound = read(path)
    assert near(stretches(sound), [(0.0, 1.0), (4.0, 5.0), (6.5, 7.5)])
    assert media.warnings == []


def test_the_containers_start_is_zero(tmp_path: Path) -> None:
    _, sound = read(write_timed(tmp_path / "from-ten.mkv", "flac", [(10.0, tone(1)), (12.0, tone(1))]))
    assert near(stretches(sound), [(0.0, 1.0), (2.0, 3.0)])


def test_a_clock_that_was_set_is_no_pause(tmp_path: Path) -> None:
    _, sound = read(write_timed(tmp_path / "set.mkv", "flac", [(0.0, tone(1)), (7 * 3600.0, tone(1))]))
    assert sound.shape[1] / RATE == pytest.approx(2.0, abs=0.1)


def test_times_that_begin_anew_go_on(tmp_path: Path) -> None:
    one = write_timed(tmp_path / "one.ts", "mp2", [(0.0, tone(3))]).read_bytes()
    joined = tmp_path / "joined.ts"
    joined.write_bytes(one + one)
    _, sound = read(joined)
    assert sound.shape[1] / RATE == pytest.approx(6.0, abs=0.2)


def test_silence_counts_against_the_limit(tmp_path: Path) -> None:
    path = write_timed(tmp_path / "long.mkv", "flac", [(0.0, tone(1)), (3600.0, tone(1))], video_seconds=1)
    media = Media(open_recording(Source(str(path))), split=False)
    with pytest.raises(Exception, match="longer than"):
        list(media.sound(60.0, None))


@pytest.mark.parametrize(("ending", "codec"), [("m4a", "aac"), ("mkv", "flac"), ("flac", "flac"), ("webm", "libopus")])
def test_what_follows_damage_stands_at_its_time(tmp_path: Path, ending: str, codec: str) -> None:
    path = write_timed(tmp_path / f"whole.{ending}", codec, [(0.0, np.concatenate([tone(8), noise(4, 0.02), tone(8)]))])
    whole = bytearray(path.read_bytes())
    middle = slice(round(len(whole) * 0.25), round(len(whole) * 0.35))
    whole[middle] = np.random.default_rng(1).bytes(middle.stop - middle.start)
    path.write_bytes(whole)
    media, sound = read(path)
    assert stretches(sound)[-1] == pytest.approx((12.0, 20.0), abs=0.3)
    assert media.warnings or ending != "m4a"


def test_the_default_track_is_read_and_else_the_first_that_is_not_silent(tmp_path: Path) -> None:
    quiet, loud = np.zeros(80_000), tone(5)
    for ending, codec in (("mov", "pcm_s16le"), ("mkv", "pcm_s16le"), ("mp4", "aac")):
        first = write_media(tmp_path / f"first.{ending}", [(codec, quiet), (codec, loud)], video=True)
        media, sound = read(first)
        assert float(np.abs(sound).max()) > 0.3, ending
        assert media.warnings == ["Of 2 tracks of sound track 1, counted from 0, was read, since track 0 is silent."]
        media, sound = read(write_media(tmp_path / f"both.{ending}", [(codec, loud), (codec, loud)]))
        assert media.warnings == ["Of 2 tracks of sound track 0, counted from 0, was read."]
    media, sound = read(write_media(tmp_path / "none.mkv", [("pcm_s16le", quiet), ("pcm_s16le", quiet)]))
    assert float(np.abs(sound).max()) == 0.0
    assert "track 0, counted from 0, was read" in media.warnings[0]


def test_a_track_can_be_asked_for(engine: Callable[..., Outcome], tmp_path: Path) -> None:
    path = write_media(tmp_path / "two.mov", [("pcm_s16le", tone(5)), ("pcm_s16le", np.zeros(80_000))])
    media = Media(open_recording(Source(str(path))), split=False, track=1)
    assert max(float(np.abs(piece).max()) for piece in media.sound(60.0, None)) == 0.0
    assert [(track.index, track.codec, track.used) for track in media.tracks] == [
        (0, "pcm_s16le", False),
        (1, "pcm_s16le", True),
    ]
    error = engine(path, track=2).one("error")
    assert (error["code"], error["message"]) == (
        "MEDIA_NO_AUDIO",
        "The recording has no track of sound with the index 2.",
    )
    assert "0 (pcm_s16le, 1 channels" in error["hint"]
    assert engine(path, track=0).one("end")["warnings"] != []


def test_of_channels_that_cancel_each_other_one_is_read(tmp_path: Path) -> None:
    one = tone(3)
    for other, cancels in ((-one, True), (-0.9 * one, True), (one, False), (np.roll(one, 7), False), (0 * one, False)):
        media, sound = read(write_wav(tmp_path / "stereo.wav", np.stack([one, other], axis=1)))
        assert any("cancel" in warning for warning in media.warnings) is cancels
        assert float(np.abs(sound).max()) > 0.2
    media, sound = read(write_wav(tmp_path / "stereo.wav", np.stack([one, -one], axis=1)), split=True)
    assert (sound.shape[0], media.warnings) == (2, [])


def test_joined_recordings_are_read_to_their_end_without_a_false_word(tmp_path: Path) -> None:
    for ending, codec in (("mp3", "mp3"), ("aac", "aac"), ("ogg", "flac"), ("opus", "libopus"), ("ac3", "ac3")):
        one = write_timed(tmp_path / f"one.{ending}", codec, [(0.0, tone(4))])
        joined = tmp_path / f"joined.{ending}"
        joined.write_bytes(one.read_bytes() * 2)
        media, sound = read(joined)
        assert sound.shape[1] / RATE == pytest.approx(8.0, abs=0.4), ending
        assert media.warnings == [], ending


def test_a_chain_of_other_rates_is_read_to_its_end(tmp_path: Path) -> None:
    chain = tmp_path / "chain.ogg"
    rates = (16_000, 48_000, 44_100)
    parts = [write_timed(tmp_path / f"{rate}.ogg", "flac", [(0.0, tone(1))], rate=rate) for rate in rates]
    chain.write_bytes(b"".join(part.read_bytes() for part in parts))
    media, sound = read(chain)
    assert sound.shape[1] / RATE == pytest.approx(3.0, abs=0.3)
    assert media.warnings == []


def test_a_length_that_is_an_estimate_refuses_and_warns_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "varying.mp3"
    with av.open(str(path), "w", format="mp3", options={"write_xing": "0"}) as container:
        stream: Any = container.add_stream(
            "mp3", rate=16_000, layout="mono", options={"q": "9", "compression_level": "0"}
        )
        pcm = (np.concatenate([tone(12, 0.9), np.zeros(16_000 * 12)]) * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = 16_000
        size = stream.codec_context.frame_size
        for part in av.AudioResampler(
            format=stream.codec_context.format, layout="mono", rate=16_000, frame_size=size
        ).resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    media, sound = read(path)
    assert not media.facts.exact
    assert media.warnings == []
    assert sound.shape[1] / RATE == pytest.approx(24.0, abs=0.3)


@pytest.mark.parametrize("seconds", [0.0, 0.005, 1.0, 39.9, 40.0, 41.0, 200.0, 700.0])
def test_peaks_are_those_of_equal_parts_however_long_the_sound_is(seconds: float) -> None:
    sound = np.random.default_rng(1).uniform(-1, 1, (2, round(seconds * RATE))).astype(np.float32)
    found = []
    for size in (997, 160_000):
        peaks = Peaks()
        for at in range(0, sound.shape[1], size):
            peaks.add(sound[:, at : at + size])
        found.append(peaks.values())
    assert found[0] == found[1]
    assert len(found[0]) <= 4000
    size = 160
    while sound.shape[1] // size > 4000:
        size *= 2
    heard = np.abs(sound).max(axis=0)
    wanted = [round(float(heard[at : at + size].max()), 3) for at in range(0, heard.size, size)]
    assert found[0] == pytest.approx(wanted[: len(found[0])], abs=0.001)
    assert len(found[0]) >= len(wanted) - 1


def test_the_samples_of_the_project_are_read_without_a_word_of_warning() -> None:
    for path in (JFK, JFK.with_name("columbia.opus")):
        media, _ = read(path)
        assert media.warnings == []
