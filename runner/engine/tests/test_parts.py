"""A recording that is read in parts, by engines that do not know each other, is read to the byte as by one."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine.tests.make import write_wav
from engine.tests.outcome import Outcome, job, run_engine

Run = Callable[..., Outcome]
Place = dict[str, Any]


def plan(path: Path, folder: Path, **changes: Any) -> tuple[list[Place], Path]:
    """Where the recording can be cut, and the file of its samples."""
    samples = folder / "samples"
    samples.touch()
    planned = run_engine(job(path, samples={"path": str(samples)}, **changes), folder, "--plan")
    assert planned.code == 0, planned.stderr
    assert planned.lines[0]["type"] == "plan" and planned.lines[-1]["type"] == "end"
    return planned.all("batch"), samples


def part_line(start: Place, end: Place | None, whole: Outcome) -> Place:
    language = whole.one("language")
    place = {name: start[name] for name in ("batch", "clip", "sample")}
    to = None if end is None else end["clip"]
    return {**place, "to": to, "language": language["code"], "probability": language["probability"]}


def joined(before: Place, resume: Place) -> Place:
    """What a server makes of the checkpoint of a part, after all that came before it."""
    counts = {name: before[name] + resume[name] for name in ("segments", "voices")}
    codes = {**before["other_language_ms"], **resume["other_language_ms"]}
    both = (before["other_language_ms"], resume["other_language_ms"])
    ms = {code: sum(one.get(code, 0) for one in both) for code in codes}
    place = {name: resume[name] for name in ("batch", "clip", "sample")}
    return {**before, **place, **counts, "other_language_ms": ms}


@pytest.mark.parametrize(
    "changes",
    [
        {"language": None, "diarize": True, "clip": {"startSeconds": 3.3, "endSeconds": 91.6}},
        {"channels": "split", "wordTimestamps": True},
    ],
    ids=str,
)
def test_parts_are_what_the_whole_is(transcribe: Run, stereo: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    changes = {"batchSize": 1, "beamSize": 1, **changes}
    whole = transcribe(stereo, **changes)
    places, samples = plan(stereo, tmp_path, **changes)
    points = whole.all("checkpoint")
    assert [(place["batch"], place["clip"], place["sample"]) for place in places[1:]] == [
        (point["resume"]["batch"], point["resume"]["clip"], point["resume"]["sample"]) for point in points[:-1]
    ]
    middle = len(places) - 1
    assert middle >= 3
    resume = points[0]["resume"]
    for start, end in ((places[1], places[middle]), (places[middle], None)):
        line = part_line(start, end, whole)
        part = transcribe(samples, part=line, **changes)
        first, last = start["batch"], len(points) if end is None else end["batch"]
        for kind in ("segment", "voices"):
            assert part.all(kind) == [line for line in whole.all(kind) if first <= line["batch"] < last]
        for point, own in zip(points[first:last], part.all("checkpoint"), strict=True):
            resume = joined(resume, own["resume"])
            assert resume == point["resume"]
            assert own["processedSeconds"] == point["processedSeconds"]
        assert [part.lines[0]["type"], part.lines[-1]["type"]] == ["hello", "end"]
        assert not part.all("media") and not part.all("peaks")
        if end is not None:
            _goes_on_elsewhere(transcribe, samples, part, part=line, **changes)
    assert transcribe(stereo, resume=resume, **changes).one("end")["segments"] == whole.one("end")["segments"]


def _goes_on_elsewhere(transcribe: Run, samples: Path, said: Outcome, **changes: Any) -> None:
    """A part that stopped after its first batch is gone on with from a copy of the samples."""
    copy = samples.with_name("copy")
    copy.write_bytes(samples.read_bytes())
    point = said.all("checkpoint")[0]
    rest = transcribe(copy, resume=point["resume"], **changes)
    assert rest.one("hello")["resumed"] is True
    assert rest.all("segment") == [line for line in said.all("segment") if line["batch"] > point["batch"]]
    assert rest.all("checkpoint") == said.all("checkpoint")[1:]


def test_the_plan_writes_nothing_but_the_samples(minute: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONOGRAPH_SERVER_PID", str(os.getpid()))
    places, samples = plan(minute, tmp_path)
    assert places[0] == {"type": "batch", "batch": 0, "clip": 0, "sample": 0}
    assert samples.stat().st_size == 16 + 2 * (minute.stat().st_size - 44) // 2


def test_what_is_no_sample_file_is_refused(engine: Run, minute: Path) -> None:
    part = {"batch": 1, "clip": 1, "sample": 10, "to": None, "language": "en", "probability": 1}
    assert engine(minute, part=part).one("error")["code"] == "MEDIA_CORRUPT"
    del part["sample"]
    assert engine(minute, part=part).one("error")["code"] == "ENGINE_PROTOCOL"


@pytest.fixture(scope="module")
def stereo(jfk: "np.ndarray[Any, np.dtype[np.float32]]", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people who speak in turn, each on a channel."""
    pause = np.zeros_like(jfk)
    left = np.concatenate([jfk, pause, jfk, jfk, pause, jfk, pause, jfk, jfk])
    right = np.concatenate([pause, jfk[::-1], pause, pause, jfk, pause, jfk, pause, pause])
    return write_wav(tmp_path_factory.mktemp("stereo") / "stereo.wav", np.stack([left, right], axis=1))
