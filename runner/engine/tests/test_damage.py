"""Damage costs what is damaged and no more, and is told; a disk that fails is not taken for damage."""

import ctypes
import errno
import os
import struct
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from engine.audio.media import RATE, Media
from engine.audio.recording import Source, open_recording
from engine.confine import (
    AT_LEAST,
    EQUAL,
    FIRST_ARGUMENT,
    LOAD,
    NUMBER,
    PR_SET_NO_NEW_PRIVS,
    RET_ALLOW,
    RET_ERRNO,
    RETURN,
)
from engine.errors import explain
from engine.tests.kinds import pairs
from engine.tests.make import write_coded

SOUND = np.sin(np.arange(20 * RATE) * 0.3) * 0.5
SOUND[8 * RATE : 12 * RATE] = np.random.default_rng(3).standard_normal(4 * RATE) * 0.005

# Ending and coding, and the second at which what follows 2 s of damage at 5 to 7 s stands: its own where the packets
# carry times or are all of one length, else so much earlier as is missing, as in players.
TIMED = """
    m4a aac 48000 | 3gp libopencore_amrnb 8000 | flac flac 48000 | oga flac 48000 mono ogg | ogg vorbis 44100 stereo
    opus libopus 48000 | webm libopus 48000 | mka flac 48000 mono matroska | mkv aac 48000 | wma wmav2 44100 mono asf
    flv aac 44100 | nut mp3 44100 | ts aac 44100 | mpg mp2 44100 | wav adpcm_ms 16000 | wav pcm_s16le 16000
"""
UNTIMED = """
    mp3 mp3 16000 | aac aac 48000 | ac3 ac3 48000 | amr libopencore_amrnb 8000 | avi mp3 44100 | rm real_144 8000
"""


def read(path: Path) -> tuple[Media, Any]:
    media = Media(open_recording(Source(str(path))), split=False)
    return media, np.concatenate(list(media.sound(86_400.0, None)), axis=1)[0]


def stretches(sound: Any) -> list[tuple[float, float]]:
    """Where the tone is, in seconds to a tenth."""
    loud = np.abs(sound)[: sound.size // 800 * 800].reshape(-1, 800).max(axis=1) > 0.1
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int)))
    return [(float(round(a * 0.05, 1)), float(round(b * 0.05, 1))) for a, b in edges.reshape(-1, 2)]


def damage(path: Path, first: float = 0.25, last: float = 0.35) -> Path:
    """Random bytes instead of this part of the file."""
    data = bytearray(path.read_bytes())
    part = slice(round(len(data) * first), round(len(data) * last))
    data[part] = np.random.default_rng(1).bytes(part.stop - part.start)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("pair", pairs(TIMED) + pairs(UNTIMED), ids="-".join)
def test_what_is_before_and_behind_damage_is_read_and_the_damage_is_told(tmp_path: Path, pair: list[str]) -> None:
    ending, *coding = pair
    path = write_coded(tmp_path / f"whole.{ending}", SOUND, coding)
    media, sound = read(path)
    assert media.warnings == []
    assert stretches(sound)[-1] == pytest.approx((12.0, 20.0), abs=0.2)
    media, sound = read(damage(path))
    found = stretches(sound)
    assert found[0][1] >= 3.9
    start, end = found[-1]
    assert end - start == pytest.approx(8.0, abs=0.2)
    if pair in pairs(TIMED):
        assert end == pytest.approx(20.0, abs=0.3)
    told = any("damaged" in warning for warning in media.warnings)
    assert told or (coding[0].startswith("pcm") and ending != "mkv")  # any bytes are samples


def test_a_container_that_ends_at_damage_is_told_to_have_ended(tmp_path: Path) -> None:
    for ending, coding in (("voc", ["pcm_u8", "8000"]), ("wv", ["wavpack", "44100"])):
        media, sound = read(damage(write_coded(tmp_path / f"whole.{ending}", SOUND, coding)))
        assert stretches(sound)[0][1] >= 3.9
        assert any("to its end" in warning or "ends after" in warning for warning in media.warnings)


def test_damage_within_the_part_that_is_asked_for_is_told(tmp_path: Path) -> None:
    path = damage(write_coded(tmp_path / "whole.m4a", SOUND, ["aac", "48000"]))
    for end, told in ((4.0, False), (10.0, True)):
        media = Media(open_recording(Source(str(path))), split=False)
        assert sum(piece.shape[1] for piece in media.sound(60.0, end)) == end * RATE
        assert any("damaged" in warning for warning in media.warnings) is told


def test_a_track_that_begins_midway_keeps_nothing_from_being_read(tmp_path: Path) -> None:
    one = write_coded(tmp_path / "one.flv", SOUND, ["mp3", "44100"]).read_bytes()
    other = write_coded(tmp_path / "other.flv", SOUND[: 5 * RATE], ["nellymoser", "44100"]).read_bytes()
    path = tmp_path / "joined.flv"
    path.write_bytes(one + other[13:] + one[13:])  # behind the header: a track is what its packets say
    with av.open(str(path)) as container, pytest.raises(IndexError):
        list(container.demux(container.streams.audio[0]))
    _, sound = read(path)
    assert sound.size / RATE == pytest.approx(40, abs=0.2)


def test_what_ffmpeg_calls_an_error_of_input_and_output_is_damage_where_the_file_can_be_read(tmp_path: Path) -> None:
    whole = write_coded(tmp_path / "whole.mkv", SOUND, ["pcm_s16le", "48000"]).read_bytes()
    path = tmp_path / "cut.mkv"
    found = []
    for end in range(len(whole) // 2, len(whole) // 2 + 4000, 400):
        path.write_bytes(whole[:end])
        _, sound = read(path)
        found.append(round(sound.size / RATE))
    assert set(found) == {10}


SET_SECCOMP, FILTER = 22, 2  # PR_SET_SECCOMP and SECCOMP_MODE_FILTER, for this thread and those that it starts
READS = {"x86_64": (0, 17), "aarch64": (63, 67)}  # read and pread64


def fail_from(descriptor: int, code: int) -> None:
    """Has the kernel answer every read of a descriptor from this one on with an error, as where a disk has one."""
    read, pread = READS[os.uname().machine]
    program = [
        (LOAD, 0, 0, NUMBER),
        (EQUAL, 1, 0, read),
        (EQUAL, 0, 2, pread),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (AT_LEAST, 1, 0, descriptor),
        (RETURN, 0, 0, RET_ALLOW),
        (RETURN, 0, 0, RET_ERRNO | code),
    ]
    place = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *instruction) for instruction in program))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    assert libc.prctl(SET_SECCOMP, FILTER, struct.pack("HxxxxxxP", len(program), ctypes.addressof(place)), 0, 0) == 0


def told_of_a_disk_that_fails(path: Path, code: int, midway: bool) -> str:
    """What is said when every read fails from the start or from some sound on, found out in a process of its own."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            recording = open_recording(Source(str(path)))
            if not midway:
                fail_from(recording.descriptor, code)
            media = Media(recording, split=False)
            for count, _ in enumerate(media.sound(3600.0, None)):
                if midway and count == 1:
                    fail_from(recording.descriptor, code)
            said = f"COMPLETED {media.warnings}"
        except Exception as error:
            failure = explain(error)
            said = f"{failure.code} {failure.retryable} {failure.message}"
        os.write(tell, said.encode())
        os._exit(0)
    os.close(tell)
    os.waitpid(child, 0)
    with os.fdopen(told, encoding="utf-8") as file:
        return str(file.read())


DISKS = "mp3 mp3 48000 | wav pcm_s16le 48000 | flac flac 48000 | m4a aac 48000 | mkv flac 48000 | opus libopus 48000"
FAULTS = [errno.EIO, errno.ESTALE, errno.ETIMEDOUT] * 2


@pytest.mark.skipif(sys.platform != "linux", reason="a filter of system calls makes reads fail")
@pytest.mark.parametrize(("pair", "code"), list(zip(pairs(DISKS), FAULTS, strict=True)), ids=str)
def test_a_disk_that_fails_is_not_damage_and_may_be_tried_again(tmp_path: Path, pair: list[str], code: int) -> None:
    ending, *coding = pair
    path = write_coded(tmp_path / f"long.{ending}", np.random.default_rng(1).uniform(-0.5, 0.5, 20 * RATE), coding)
    for midway in (False, True):
        said = told_of_a_disk_that_fails(path, code, midway)
        assert said == "INTERNAL True The recording could not be read: its disk reports an error."
