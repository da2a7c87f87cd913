"""What is heard of voices: the features, the clips, the nets, and which core belongs to which clip."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine.audio.plan import plan, skip
from engine.speakers import hearing, listener
from engine.speakers.cluster import Bounds
from engine.speakers.command import tell_apart
from engine.speakers.fbank import fbank
from engine.speakers.hearing import HEARD, MARGIN, WINDOW, Hearing, clips_of
from engine.speakers.listener import Listener
from engine.speakers.nets import SHA256, load_net
from engine.speakers.piece import Piece, decode, runs
from engine.tests.make import samples
from engine.tests.outcome import ROOT

Sound = np.typing.NDArray[np.float32]
NETS = Path(hearing.__file__).parent


def around(sound: Sound, window: int) -> Sound:
    """A window, and what is heard around it."""
    padded = np.pad(sound, (MARGIN, HEARD))
    return np.asarray(padded[window * WINDOW : window * WINDOW + HEARD])


@pytest.fixture(scope="module")
def ears() -> Hearing:
    return Hearing()


@pytest.fixture(scope="module")
def two(jfk: Sound) -> Sound:
    """Two presidents: 11 s of one, 14 s of the other, 11 s of the first again."""
    return np.concatenate([jfk, samples(ROOT / "samples" / "columbia.opus")[: 14 * 16_000], jfk])


def test_features_are_kaldis() -> None:
    """Against its steps, written out for one frame at a time."""
    sound = np.random.default_rng(1).standard_normal(1000).astype(np.float32)
    found = fbank(sound)
    assert found.shape == (4, 80)
    hertz = np.arange(257) * 16_000 / 512

    def mel(of: Any) -> Any:
        return 1127 * np.log(1 + of / 700)

    edges = [mel(20.0) + (mel(8000.0) - mel(20.0)) * i / 81 for i in range(82)]
    for frame in range(4):
        part = sound[frame * 160 : frame * 160 + 400].astype(float)
        part = part - part.mean()
        part = np.array([part[i] - 0.97 * part[max(i - 1, 0)] for i in range(400)])
        part *= np.array([(0.5 - 0.5 * np.cos(2 * np.pi * i / 399)) ** 0.85 for i in range(400)])
        power = np.abs(np.fft.fft(part, 512)[:257]) ** 2
        for bank in range(80):
            low, middle, high = edges[bank : bank + 3]
            weights = [
                max(0.0, min((mel(f) - low) / (middle - low), (high - mel(f)) / (high - middle))) for f in hertz[:256]
            ]
            assert found[frame, bank] == pytest.approx(np.log(power[:256] @ weights), abs=1e-3)


def spoken(*stretches: tuple[int, int]) -> "np.typing.NDArray[np.bool_]":
    ticks = np.zeros(500, bool)
    for first, last in stretches:
        ticks[first:last] = True
    return ticks


def test_a_voice_is_heard_in_equal_clips() -> None:
    first, second = clips_of(spoken((0, 500)), spoken((0, 500)))
    assert first.heard.tolist() == list(range(45, 205)) and second.heard.tolist() == list(range(295, 455))
    assert (first.alone, second.alone) == (250, 250)
    assert runs(first.active) == [(0, 250)] and runs(second.active) == [(250, 500)]
    assert [clip.alone for clip in clips_of(spoken((0, 60), (75, 135)), spoken((0, 60), (75, 135)))] == [120]
    apart = spoken((0, 60), (85, 145))
    assert [clip.alone for clip in clips_of(apart, apart)] == [60, 60]
    short = spoken((0, 60), (140, 180))
    assert [clip.alone for clip in clips_of(short, short)] == [100]


def test_what_is_said_into_anothers_speech_stands_with_the_nearest_clip() -> None:
    active, alone = spoken((0, 200), (300, 480)), spoken((0, 150), (350, 480))
    first, second = clips_of(active, alone)
    assert (first.alone, second.alone) == (150, 130)
    assert runs(first.active) == [(0, 200)] and runs(second.active) == [(300, 480)]
    assert [clip.heard.size for clip in clips_of(spoken((100, 200)), spoken((100, 120)))] == [100]
    assert clips_of(spoken(), spoken()) == []


def test_another_net_is_refused(tmp_path: Path) -> None:
    for name in SHA256:
        content = bytearray((NETS / name).read_bytes())
        content[5000] ^= 1
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match="is not the net"):
            load_net(name, tmp_path)


def test_the_notice_names_the_nets_that_are_there() -> None:
    notice = (NETS / "NOTICE").read_text(encoding="utf-8")
    assert re.findall(r"file +sha256 (\w+)", notice) == [SHA256["campplus.onnx"], SHA256["segmentation.onnx"]]
    licence = (NETS / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence and "MIT License" in licence


def test_two_people_sound_different_and_one_alike(ears: Hearing, two: Sound) -> None:
    pieces = [piece for window in range(4) for piece in ears.pieces([(window, around(two, window))])]
    first = [piece.vector for piece in pieces if piece.core in (0, 1, 5, 6) and piece.alone > 100]
    second = [piece.vector for piece in pieces if piece.core in (3, 4) and piece.alone > 100]
    assert len(first) >= 4 and len(second) >= 2
    alike = [float(a @ b) for a in first for b in first if a is not b]
    unlike = [float(a @ b) for a in first for b in second]
    assert np.mean(alike) > 0.5 and np.mean(unlike) < 0.3


def test_two_who_speak_at_once_have_turns_that_overlap(ears: Hearing, jfk: Sound) -> None:
    bush, begins = samples(ROOT / "samples" / "columbia.opus")[: 14 * 16_000], 7 * 16_000
    sound = np.zeros(begins + bush.size, np.float32)
    sound[: jfk.size] += jfk
    sound[begins:] += bush
    turns = tell_apart(ears.pieces([(window, around(sound, window)) for window in range(3)]), Bounds())
    first, second = ([turn for turn in turns if turn.speaker == speaker] for speaker in (0, 1))
    assert len(first) + len(second) == len(turns)
    assert max(turn.end for turn in first) == pytest.approx(10.6, abs=0.3)
    assert min(turn.start for turn in second) == pytest.approx(8.1, abs=0.3)
    both = sum(max(0.0, min(a.end, b.end) - max(a.start, b.start)) for a in first for b in second)
    assert 0.6 < both < 1.6


def test_pieces_are_the_same_however_they_are_made(ears: Hearing, two: Sound) -> None:
    windows = [(window, around(two, window)) for window in range(4)]
    together = ears.pieces(windows)
    with ThreadPoolExecutor(2) as pool:
        apart = [piece for found in pool.map(lambda one: Hearing().pieces([one]), windows) for piece in found]
    assert [(p.core, p.voice, p.active.tobytes(), p.vector.tobytes()) for p in together] == [
        (p.core, p.voice, p.active.tobytes(), p.vector.tobytes()) for p in apart
    ]


def test_silence_has_no_voice(ears: Hearing) -> None:
    assert ears.pieces([(0, np.zeros(HEARD, np.float32))]) == []


class Echo:
    """Hears nothing; its pieces say which window was to be heard, and of which sound."""

    def pieces(self, windows: Sequence[tuple[int, Sound]]) -> list[Piece]:
        return [
            Piece(window, 0, np.ones(500, bool), 500, np.full(192, np.abs(sound).sum() / 1e4, np.float32))
            for window, sound in windows
        ]


@pytest.mark.parametrize("start", [0, 30_000])
def test_each_window_belongs_to_one_clip_and_is_heard_as_it_is(
    jfk: Sound, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "Hearing", Echo)
    silence = np.zeros(16_000 * 200, np.float32)
    sound = np.concatenate([jfk, jfk, silence, jfk, jfk, jfk, jfk[:50_000]])
    sound = (np.round(sound * 32768) / 32768).astype(np.float32)
    cuts = np.sort(np.random.default_rng(1).integers(1, sound.size - start, 300))
    within = sound.copy()
    within[:start] = 0

    def listen(clip: int, position: int, wanted: range) -> dict[int, list[Piece]]:
        ears = Listener(start, wanted.__contains__, 1)
        pieces = ears.overhear(part[None] for part in np.split(sound[start:], cuts))
        clips = plan(skip(pieces, position - start), True, clip, position)
        heard = {one.number: one.voices for one in ears.hear(clips, position)}
        return {number: decode(voices.result()) for number, voices in heard.items() if voices is not None}

    whole = listen(0, start, range(99))
    windows = [piece.core for pieces in whole.values() for piece in pieces]
    assert windows == sorted(set(windows)) and len(whole) >= 3
    assert 12 > len(windows) > 5, "the long silence is not heard"
    for piece in (one for pieces in whole.values() for one in pieces):
        wanted = np.float16(np.abs(around(within, piece.core)).sum() / 1e4)
        assert piece.vector[0] == pytest.approx(float(wanted), rel=1e-2)
    clips = list(plan(iter([sound[None, start:]]), True, 0, start))
    for before, clip in list(pairwise(clips))[-2:]:
        rest = listen(clip.number, before.end, range(99))
        assert {n: [p.core for p in found] for n, found in rest.items()} == {
            n: [p.core for p in found] for n, found in whole.items() if n >= clip.number
        }
        part = listen(0, start, range(clip.number, clip.number + 1))
        assert [p.vector[0] for p in part[clip.number]] == [p.vector[0] for p in whole[clip.number]]
        assert list(part) == [clip.number]
