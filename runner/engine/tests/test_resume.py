"""A transcript is a pure function of the job: wherever a run stops, the rest comes out the same to the byte."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine.tests.outcome import Outcome, command, environment, job
from engine.transcribe import Part

Transcribe = Callable[..., Outcome]


def after(outcome: Outcome, batch: int) -> list[dict[str, Any]]:
    return [line for line in outcome.all("segment") if line["batch"] > batch]


@pytest.fixture(scope="module")
def whole(transcribe: Transcribe, minute: Path) -> Outcome:
    """The uninterrupted run, one clip a batch, language detected."""
    return transcribe(minute, batchSize=1, language=None)


def test_every_checkpoint_leads_to_the_same_rest(whole: Outcome, transcribe: Transcribe, minute: Path) -> None:
    points = whole.all("checkpoint")
    assert len(points) >= 3
    for point in points:
        rest = transcribe(minute, batchSize=1, language=None, resume=point["resume"])
        assert rest.one("hello")["resumed"] is True
        assert rest.all("segment") == after(whole, point["batch"])
        assert rest.all("checkpoint") == points[point["batch"] + 1 :]
        assert rest.one("language") == whole.one("language")
        assert rest.one("end")["segments"] == whole.one("end")["segments"]


def test_a_part_is_what_the_whole_says_of_it(whole: Outcome, transcribe: Transcribe, minute: Path) -> None:
    for first, last in ((0, 1), (2, None)):
        part = transcribe(minute, Part(first, last), batchSize=1, language=None)
        wanted = [line for line in whole.all("segment") if Part(first, last).has(line["clip"])]
        assert wanted and part.all("segment") == wanted


def test_a_killed_engine_is_resumed_to_the_same_bytes(whole: Outcome, minute: Path) -> None:
    """Killed twice, at the first and the second line after a checkpoint, and resumed from the last checkpoint."""
    line = job(minute, batchSize=1, language=None)
    kept: list[dict[str, Any]] = []
    for _ in range(2):
        committed, checkpoint = _run_until_killed(line)
        assert checkpoint is not None
        kept += committed
        line["resume"] = checkpoint["resume"]
    committed, _ = _run_until_killed(line, kill=False)
    assert kept + committed == whole.all("segment")


@pytest.mark.parametrize(
    "changes",
    [{"beamSize": 1}, {"batchSize": 2}, {"language": "en"}, {"wordTimestamps": True}, {"clip": {"startSeconds": 0.5}}],
    ids=str,
)
def test_other_options_refuse_the_resume_and_start_again(
    whole: Outcome, transcribe: Transcribe, minute: Path, changes: dict[str, Any]
) -> None:
    state = whole.all("checkpoint")[-1]["resume"]
    again = transcribe(minute, Part(0, 0), **{"batchSize": 1, "language": None, **changes, "resume": state})
    assert again.one("hello")["resumed"] is False


def test_another_recording_of_the_same_length_refuses_the_resume(
    whole: Outcome, transcribe: Transcribe, minute: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.wav"
    copy.write_bytes(minute.read_bytes())
    state = whole.all("checkpoint")[0]["resume"]
    assert transcribe(copy, Part(0, 0), batchSize=1, resume=state).one("hello")["resumed"] is False
    broken = {**state, "sample": "x"}
    assert transcribe(minute, Part(0, 0), batchSize=1, language=None, resume=broken).one("hello")["resumed"] is False


def _run_until_killed(line: dict[str, Any], kill: bool = True) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Segments that a checkpoint made final, and that checkpoint; the engine dies at the first line after it."""
    pending: list[dict[str, Any]] = []
    committed: list[dict[str, Any]] = []
    checkpoint: dict[str, Any] | None = None
    with subprocess.Popen(command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(line).encode() + b"\n")
        process.stdin.flush()
        for text in process.stdout:
            said = json.loads(text)
            if kill and checkpoint is not None:
                os.kill(process.pid, signal.SIGKILL)
                break
            if said["type"] == "segment":
                pending.append(said)
            elif said["type"] == "checkpoint":
                committed, pending, checkpoint = committed + pending, [], said
    return committed, checkpoint
