"""A second of sound in every kind of recording: coded by FFmpeg, or written by hand where nothing codes it."""

import struct
from pathlib import Path

import numpy as np
from engine.audio.media import RATE
from engine.tests.make import write_coded

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


def pairs(table: str) -> list[list[str]]:
    """The entries of a table such as CODED: the ending, and the coding as `write_coded` takes it."""
    return [entry.split() for entry in table.replace("\n", "|").split("|") if entry.strip()]


def write_every_kind(folder: Path) -> None:
    """One file of each."""
    for number, (ending, *coding) in enumerate(pairs(CODED)):
        write_coded(folder / f"{number}.{ending}", TONE, coding)
    for name, (data, _) in MADE.items():
        (folder / name).write_bytes(data)
