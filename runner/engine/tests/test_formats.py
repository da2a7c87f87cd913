"""What is a recording is read, in whatever container and codec; what bare faster-whisper reads is not refused."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from engine.audio.formats import CODECS, CONTAINERS, UNMARKED
from engine.audio.media import RATE, Media
from engine.audio.recording import Source, open_recording
from engine.errors import EngineError
from engine.tests.kinds import CODED, MADE, SECONDS, SMALL, TONE, pairs
from engine.tests.make import write_coded, write_media, write_wav
from engine.tests.outcome import JFK
from faster_whisper.audio import decode_audio


def duration(path: Path) -> float:
    media = Media(open_recording(Source(str(path))), split=False)
    sound = float(sum(piece.shape[1] for piece in media.sound(60.0, None))) / RATE
    assert not any("read" in warning or "ends" in warning for warning in media.warnings)
    return sound


def bare(path: Path) -> float | None:
    """What faster-whisper decodes by itself; None where it refuses."""
    try:
        return float(decode_audio(str(path)).size) / RATE
    except Exception:
        return None


@pytest.mark.parametrize("pair", pairs(CODED), ids="-".join)
def test_what_ffmpeg_codes_is_read_at_its_length(tmp_path: Path, pair: list[str]) -> None:
    ending, *coding = pair
    path = write_coded(tmp_path / f"speech.{ending}", TONE, coding)
    found = duration(path)
    assert found == pytest.approx(SECONDS, abs=0.12)
    by_itself = bare(path)
    assert by_itself is None or ending in ("al", "ul") or found == pytest.approx(by_itself, abs=0.12)


@pytest.mark.parametrize("name", MADE)
def test_what_nothing_codes_any_more_is_read_at_its_length(tmp_path: Path, name: str) -> None:
    data, seconds = MADE[name]
    path = tmp_path / name
    path.write_bytes(data)
    assert duration(path) == pytest.approx(seconds, abs=0.05)


def with_sound_elsewhere(path: Path) -> Path:
    """A film that says that its sound lies in another file, by a name that is as long as that of its own."""
    whole = write_media(path, [("pcm_s16le", TONE)]).read_bytes()
    own = b"\x00\x00\x00\x0curl \x00\x00\x00\x01"
    assert own in whole
    elsewhere = b"\x00\x00\x00\x0curl \x00\x00\x00\x00"
    path.write_bytes(whole.replace(own, elsewhere))
    return path


def picture(path: Path) -> Path:
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as file:
        stream = file.add_stream("png" if path.suffix == ".png" else "mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "rgb24" if path.suffix == ".png" else "yuvj420p"
        file.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        file.mux(stream.encode(None))
    return path


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    # What leads to other files.
    "list.m3u8": (lambda path: path.write_text(f"#EXTM3U\n#EXTINF:9,\n{JFK}\n#EXT-X-ENDLIST\n"), "MEDIA_UNSUPPORTED"),
    "list.mp3": (lambda path: path.write_text(f"ffconcat version 1.0\nfile '{JFK}'\n"), "MEDIA_UNSUPPORTED"),
    "radio.pls": (lambda path: path.write_text(f"[playlist]\nFile1={JFK}\n"), "MEDIA_UNSUPPORTED"),
    "talk.sdp": (lambda path: path.write_text("v=0\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n"), "MEDIA_UNSUPPORTED"),
    "show.mpd": (lambda path: path.write_text("<MPD><BaseURL>a.mp4</BaseURL></MPD>\n"), "MEDIA_UNSUPPORTED"),
    "tones.sbg": (lambda path: path.write_text("-SE\nall: pink/40 100+1.5/50\nNOW all\n"), "MEDIA_UNSUPPORTED"),
    # What is no recording.
    "title.srt": (lambda path: path.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n"), "MEDIA_UNSUPPORTED"),
    "cover.png": (picture, "MEDIA_UNSUPPORTED"),
    "cover.jpg": (picture, "MEDIA_UNSUPPORTED"),
    "page.html": (lambda path: path.write_text("<html></html>" * 99), "MEDIA_UNSUPPORTED"),
    "piece.mid": (
        lambda path: path.write_bytes(b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0"),
        "MEDIA_UNSUPPORTED",
    ),
    "archive.zip": (lambda path: path.write_bytes(b"PK\x03\x04" + SMALL), "MEDIA_UNSUPPORTED"),
    # What cannot be.
    "slow.wav": (lambda path: write_wav(path, TONE, header_rate=2000), "MEDIA_UNSUPPORTED"),
    "many.wav": (lambda path: write_wav(path, np.repeat(TONE[:, None], 16, axis=1)), "MEDIA_UNSUPPORTED"),
    "film.mp4": (lambda path: write_media(path, [], video=True), "MEDIA_NO_AUDIO"),
    "empty.wav": (lambda path: path.write_bytes(b""), "MEDIA_EMPTY"),
    "half.m4a": (
        lambda path: path.write_bytes(write_media(path, [("aac", TONE)]).read_bytes()[:3000]),
        "MEDIA_CORRUPT",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_recording_or_leads_to_others_is_refused_by_its_reason(tmp_path: Path, name: str) -> None:
    make, code = REFUSED[name]
    make(tmp_path / name)
    with pytest.raises(EngineError) as caught:
        duration(tmp_path / name)
    assert caught.value.code == code


def test_sound_that_is_said_to_lie_in_another_file_is_not_fetched(tmp_path: Path) -> None:
    write_wav(tmp_path / "elsewhere", TONE)
    path = with_sound_elsewhere(tmp_path / "film.mov")
    assert duration(path) == pytest.approx(SECONDS, abs=0.12)


def test_every_container_of_the_list_reads_and_every_decoder_of_sound_is_let_through() -> None:
    assert [name for name in CONTAINERS.split(",") if not av.ContainerFormat(name, "r").is_input] == []
    assert [name for name, _ in UNMARKED.values() if name not in CONTAINERS.split(",")] == []
    kinds = {av.Codec(name, "r").type for name in CODECS}
    assert (kinds, "wavesynth" in CODECS, len(CODECS) > 200) == ({"audio"}, False, True)


def test_containers_that_open_other_files_are_not_let_through() -> None:
    others = {
        "concat",
        "hls",
        "dash",
        "imf",
        "mlv",
        "rtsp",
        "sdp",
        "sap",
        "rtp",
        "image2",
        "vobsub",
        "lavfi",
        "sbg",
        "data",
    }
    assert others.isdisjoint(CONTAINERS.split(","))
