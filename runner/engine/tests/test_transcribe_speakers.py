"""Who speaks, from a recording to segments, with the real engine: and the same wherever a run stops."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine.speakers import listener
from engine.tests.make import samples, write_wav
from engine.tests.outcome import ROOT, Outcome, command, environment, job
from engine.transcribe import Part

Transcribe = Callable[..., Outcome]
Line = dict[str, Any]
WHO = ("1", "2", "1", "2")
FINAL = ("segment", "voices")


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two presidents in turn: each 11 s."""
    kennedy = samples(ROOT / "samples" / "jfk.flac")
    bush = samples(ROOT / "samples" / "columbia.opus")
    pause = np.zeros(8_000, np.float32)
    sound = [kennedy, pause, bush[: 11 * 16_000], pause, kennedy, pause, bush[16 * 16_000 : 27 * 16_000]]
    return write_wav(tmp_path_factory.mktemp("talk") / "talk.wav", np.concatenate(sound))


@pytest.fixture(scope="module")
def whole(transcribe: Transcribe, talk: Path) -> Outcome:
    """The uninterrupted run, one clip a batch."""
    return transcribe(talk, batchSize=1, diarize=True)


def final(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line["type"] in FINAL]


def told_apart(outcome: Outcome) -> list[Line]:
    """What the command makes of what was said."""
    lines = [{"type": "speakers", "language": "en"}, *outcome.all("voices"), *outcome.all("segment"), {"type": "end"}]
    given = "".join(json.dumps(line) + "\n" for line in lines).encode()
    ended = subprocess.run(
        command("--speakers"), input=given, capture_output=True, env=environment(), check=True, timeout=60
    )
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_two_people_who_talk_in_turn_are_told_apart(whole: Outcome) -> None:
    assert whole.all("stage")[-1]["stage"] == "DIARIZING"
    assert whole.one("end")["voices"] == len(whole.all("voices")) >= 2
    assert all(line["speaker"] is None and line["words"] for line in whole.all("segment"))
    lines = told_apart(whole)
    segments = [line for line in lines if line["type"] == "segment"]
    assert lines[-1]["speakers"] == 2
    assert " ".join(line["text"] for line in segments) == whole.text
    for line in segments:
        middle = (line["startSeconds"] + line["endSeconds"]) / 2
        assert line["speaker"] == WHO[min(3, int(middle / 11.5))], line


def test_the_transcript_is_the_one_without(whole: Outcome, transcribe: Transcribe, talk: Path) -> None:
    without = transcribe(talk, batchSize=1, wordTimestamps=True)
    assert without.all("segment") == whole.all("segment")
    assert without.all("voices") == [] and without.one("end")["voices"] is None


def test_every_checkpoint_leads_to_the_same_voices(whole: Outcome, transcribe: Transcribe, talk: Path) -> None:
    points = whole.all("checkpoint")
    assert len(points) >= 2
    for point in points:
        rest = transcribe(talk, batchSize=1, diarize=True, resume=point["resume"])
        assert rest.one("hello")["resumed"] is True
        assert final(rest.lines) == [line for line in final(whole.lines) if line["batch"] > point["batch"]]
        assert rest.one("end")["voices"] == whole.one("end")["voices"]


def test_parts_hear_what_the_whole_does(whole: Outcome, transcribe: Transcribe, talk: Path) -> None:
    for first, last in ((0, 1), (1, None)):
        part = transcribe(talk, Part(first, last), batchSize=2, diarize=True)
        said = [(line["type"], line["clip"], line.get("pieces")) for line in final(part.lines)]
        wanted = [line for line in final(whole.lines) if Part(first, last).has(line["clip"])]
        assert said == [(line["type"], line["clip"], line.get("pieces")) for line in wanted]


def test_a_killed_engine_says_the_same_voices(whole: Outcome, talk: Path) -> None:
    line = job(talk, batchSize=1, diarize=True)
    kept: list[Line] = []
    pending: list[Line] = []
    with subprocess.Popen(command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(line).encode() + b"\n")
        process.stdin.flush()
        for text in process.stdout:
            said = json.loads(text)
            pending.append(said)
            if said["type"] == "checkpoint":
                kept, line["resume"] = final(pending), said["resume"]
                os.kill(process.pid, signal.SIGKILL)
                break
    ended = subprocess.run(
        command(), input=json.dumps(line).encode() + b"\n", capture_output=True, env=environment(), check=False
    )
    assert ended.returncode == 75  # stdin has ended
    file = talk.with_suffix(".json")
    file.write_text(json.dumps(line), encoding="utf-8")
    with file.open("rb") as stdin:
        ended = subprocess.run(command(), stdin=stdin, capture_output=True, env=environment(), check=True)
    assert kept + final([json.loads(text) for text in ended.stdout.splitlines()]) == final(whole.lines)


def test_a_failure_costs_the_speakers_and_not_the_transcript(
    whole: Outcome, transcribe: Transcribe, talk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def __init__(self) -> None:
            raise ValueError("campplus.onnx is not the net that belongs to this engine")

    monkeypatch.setattr(listener, "Hearing", Broken)
    outcome = transcribe(talk, batchSize=1, diarize=True)
    assert outcome.all("segment") == whole.all("segment") and outcome.all("voices") == []
    assert outcome.one("end")["voices"] is None
    warning = "The speakers could not be told apart: hearing their voices has failed."
    assert outcome.one("end")["warnings"] == [warning]
    monkeypatch.undo()
    rest = transcribe(talk, batchSize=1, diarize=True, resume=outcome.all("checkpoint")[0]["resume"])
    assert rest.one("end")["warnings"] == [warning] and rest.all("voices") == []


def test_a_clip_hears_nothing_outside_of_it(transcribe: Transcribe, talk: Path) -> None:
    outcome = transcribe(talk, diarize=True, clip={"startSeconds": 12.0, "endSeconds": 22.0})
    lines = told_apart(outcome)
    assert lines[-1]["speakers"] == 1


def test_bounds_are_no_reason_to_start_again(whole: Outcome, transcribe: Transcribe, talk: Path) -> None:
    state = whole.all("checkpoint")[0]["resume"]
    again = transcribe(talk, Part(0, 0), batchSize=1, diarize=True, minSpeakers=2, maxSpeakers=4, resume=state)
    assert again.one("hello")["resumed"] is True
    without = transcribe(talk, Part(0, 0), batchSize=1, wordTimestamps=True, resume=state)
    assert without.one("hello")["resumed"] is False
