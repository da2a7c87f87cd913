"""What is a recording is read, in whatever container and codec; what bare faster-whisper reads is not refused."""

import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from engine.audio.formats import CODECS, CONTAINERS, UNMARKED
from engine.audio.media import RATE, Media
from engine.audio.recording import Source, open_recording
from engine.errors import EngineError
from engine.tests.make import write_coded, write_media, write_wav
from engine.tests.outcome import JFK
from faster_whisper.audio import decode_audio

SECONDS = 1.2
TONE = np.sin(np.arange(round(SECONDS * RATE)) * 0.3) * 0.5

# Ending, codec and rate of recordings that FFmpeg codes, then the layout and the container's name where they are not
# mono and as the ending says.
CODED = """
    mp3 mp3 16000 | mp3 mp3 44100 | mp2 mp2 16000 | aac aac 16000 | m4a aac 48000 | m4a alac 16000 | mp4 mp3 16000
    mp4 libopus 48000 | mp4 ac3 48000 | mov pcm_s16le 16000 | mov adpcm_ima_qt 16000 | mov pcm_mulaw 8000
    3gp libopencore_amrnb 8000 | 3g2 aac 16000 | amr libopencore_amrnb 8000 | flac flac 16000 | ogg vorbis 44100 stereo
    ogg libopus 48000 | oga flac 16000 mono ogg | opus libopus 48000 | spx libopus 16000 | webm libopus 48000
    webm vorbis 44100 stereo | mka flac 16000 mono matroska | mkv aac 16000 | mkv ac3 48000 | mkv pcm_s24le 16000
    mkv wavpack 16000 | mkv real_144 8000 | wav pcm_s16le 16000 | wav pcm_f32le 16000 | wav pcm_alaw 8000
    wav adpcm_ms 16000 | wav adpcm_ima_wav 16000 | wav g726 8000 | wav mp3 16000 | wav g722 16000 | w64 pcm_s16le 16000
    wma wmav2 44100 mono asf | wma wmav1 44100 mono asf | asf mp3 16000 | aiff pcm_s16be 16000 | aif pcm_s8 16000
    caf alac 16000 | caf pcm_s16le 16000 | au pcm_mulaw 8000 | avi mp3 16000 | avi pcm_s16le 16000 | avi ac3 48000
    flv mp3 44100 | flv aac 16000 | flv nellymoser 16000 | f4v aac 16000 | mpg mp2 48000 | vob ac3 48000
    ts mp2 48000 | ts aac 48000 | ts libopus 48000 | wtv mp2 48000 | nut mp3 16000 | nut flac 16000
    mxf pcm_s16le 48000 mono mxf_opatom | rm real_144 8000 | ra ac3 48000 mono rm
    loas aac 16000 mono latm | ac3 ac3 48000 | eac3 eac3 48000 | g722 g722 16000 | 722 g722 16000 mono g722
    wv wavpack 16000 | tta tta 16000 | sox pcm_s32le 16000 | sf pcm_s16le 16000 mono ircam | voc pcm_u8 16000
    mmf adpcm_yamaha 8000 | adx adpcm_adx 16000 | ast pcm_s16be_planar 16000 | aud adpcm_ima_ws 16000 mono wsaud
    rso pcm_u8 16000 | swf mp3 44100 | roq roq_dpcm 22050 | spdif ac3 48000 | al pcm_alaw 8000 mono alaw
    ul pcm_mulaw 8000 mono mulaw | aptx aptx 48000 stereo | dfpwm dfpwm 48000
"""


def samples(sound: "np.typing.NDArray[np.float64]") -> bytes:
    return bytes((sound * 32767).astype("<i2"))


def sphere(pcm: bytes) -> bytes:
    head = f"NIST_1A\n   1024\nsample_count -i {len(pcm) // 2}\nsample_n_bytes -i 2\nchannel_count -i 1\n"
    head += "sample_byte_format -s2 01\nsample_rate -i 16000\nsample_coding -s3 pcm\nend_head\n"
    return head.encode().ljust(1024) + pcm


def waveform(tag: int, block: int, per_second: int, extra: bytes, data: bytes) -> bytes:
    """A WAV file of this format tag at 8 kHz, with so many bytes a second."""
    layout = struct.pack("<HHIIHHH", tag, 1, 8000, per_second, block, 0, len(extra)) + extra
    body = b"WAVEfmt " + struct.pack("<I", len(layout)) + layout + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def qcelp(frames: list[bytes]) -> bytes:
    guid = bytes.fromhex("416d7f5e15b1d011ba9100805fb4b97e")
    layout = b"\x01\x00" + guid + struct.pack("<H80sHHHHH", 1, b"Qcelp", 14000, 35, 160, 8000, 16)
    rates = struct.pack("<I", 0) + bytes(16) + bytes(20)
    body = b"QLCMfmt " + struct.pack("<I", len(layout + rates)) + layout + rates
    data = b"".join(frames)
    return b"RIFF" + struct.pack("<I", len(body) + 8 + len(data)) + body + b"data" + struct.pack("<I", len(data)) + data


def dsf(data: bytes) -> bytes:
    """1-bit sound of one channel at 2.8 MHz."""
    layout = struct.pack("<IIIIIIQII", 1, 0, 1, 1, 2_822_400, 1, len(data) * 8, 4096, 0)
    body = b"fmt " + struct.pack("<Q", 52) + layout + b"data" + struct.pack("<Q", 12 + len(data)) + data
    return b"DSD " + struct.pack("<QQQ", 28, 28 + len(body), 0) + body


PCM = samples(TONE)
SMALL = np.random.default_rng(1).bytes(40_000)
# Recordings that no encoder is there for: by their names, as bytes, and how long they last.
MADE: dict[str, tuple[bytes, float]] = {
    "speech.sph": (sphere(PCM), SECONDS),
    "call.sln": (samples(TONE[::2]), SECONDS),
    "call.gsm": (b"".join(b"\xd1" + SMALL[33 * at : 33 * at + 32] for at in range(60)), 1.2),
    "call.g729": (SMALL[:1200], 1.2),
    "call.g723_1": (b"\x00" + (SMALL[:23] + b"\x00") * 40, 1.2),
    "call.g728": (SMALL[:2400], 1.2),
    "gsm.wav": (waveform(0x31, 65, 1625, struct.pack("<H", 320), SMALL[: 65 * 30]), 1.2),
    "truespeech.wav": (waveform(0x22, 32, 1067, struct.pack("<HH", 1, 240) + bytes(28), SMALL[: 32 * 40]), 1.2),
    "ilbc.lbc": (b"#!iLBC30\n" + SMALL[: 50 * 40], 1.2),
    "phone.qcp": (qcelp([b"\x04" + SMALL[at : at + 34] for at in range(60)]), 1.2),
    "raw.sw": (samples(TONE.repeat(3)[: round(44_100 * SECONDS)]), SECONDS),
    "disc.dsf": (dsf(b"\x69" * 4096 * 100), 4096 * 800 / 2_822_400),
}


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


@pytest.mark.parametrize(
    "pair", [line.split() for line in CODED.replace("\n", "|").split("|") if line.strip()], ids="-".join
)
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
