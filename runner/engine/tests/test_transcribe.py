"""Real speech through the real engine."""

import re
import statistics
import unicodedata
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import jiwer
import numpy as np
from engine.tests.make import music, noise, write_wav
from engine.tests.outcome import JFK, Outcome, recording, reference

Engine = Callable[..., Outcome]


def plain(text: str) -> str:
    """The words alone, as word error rates compare them."""
    text = unicodedata.normalize("NFKC", text).lower().replace("'", "")
    return " ".join(re.sub(r"[^\w\s]", " ", text).split())


def test_a_short_recording_becomes_its_sentence(engine: Engine) -> None:
    outcome = engine(JFK, language=None, wordTimestamps=True)
    assert plain(outcome.text) == plain(
        "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country."
    )
    types = [line["type"] for line in outcome.lines if line["type"] != "heartbeat"]
    assert types[:2] == ["hello", "media"]
    assert types[-1] == "end" and outcome.code == 0
    assert [line["stage"] for line in outcome.all("stage")] == [
        "DECODING",
        "DETECTING_LANGUAGE",
        "TRANSCRIBING",
        "FINISHING",
    ]
    assert outcome.one("language")["code"] == "en"
    assert outcome.all("media")[-1]["final"] and abs(outcome.all("media")[-1]["durationSeconds"] - 11) < 0.01
    assert types.index("progress") + 1 == types.index("checkpoint")
    words = [word for line in outcome.all("segment") for word in line["words"]]
    assert plain(" ".join(word["text"] for word in words)) == plain(outcome.text)
    assert all(a["endSeconds"] <= b["startSeconds"] for a, b in pairwise(words))


def test_a_speech_of_three_minutes_loses_no_passage(engine: Engine) -> None:
    outcome = engine(recording("en_columbia_address.wma"), language=None)
    compared = jiwer.process_words(plain(reference("en_columbia_address.wma")), plain(outcome.text))
    assert compared.wer <= 0.05
    deleted = [c.ref_end_idx - c.ref_start_idx for c in compared.alignments[0] if c.type == "delete"]
    assert max(deleted, default=0) <= 5
    segments = outcome.all("segment")
    lengths = sorted(line["endSeconds"] - line["startSeconds"] for line in segments)
    assert statistics.median(lengths) < 6 and lengths[int(len(lengths) * 0.95)] < 9
    assert all(a["endSeconds"] <= b["startSeconds"] for a, b in pairwise(segments))
    assert all(line["words"] is None for line in segments)
    fractions = [line["fraction"] for line in outcome.all("progress")]
    assert fractions == sorted(fractions) and 0 < fractions[-1] < 1
    assert outcome.one("end")["segments"] == len(segments)


def test_silence_noise_and_music_say_nothing(engine: Engine, tmp_path: Path) -> None:
    for name, sound in (("silence", np.zeros(40 * 16_000)), ("noise", noise(40)), ("music", music(40))):
        outcome = engine(write_wav(tmp_path / f"{name}.wav", sound), language=None)
        assert outcome.one("end")["segments"] == 0, (name, outcome.text)
        assert outcome.code == 0
