"""A recording that is read in parts, by engines that do not know each other, is read to the byte as by one."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine.audio.media import Sound
from engine.audio.pcm import Pcm, PcmWriter, open_to_write
from engine.audio.plan import cut_again
from engine.audio.plan import plan as cut
from engine.audio.recording import Source, open_recording
from engine.tests.outcome import Outcome, command, environment, job, run_engine

Run = Callable[..., Outcome]
Place = dict[str, Any]
ENDED = ("segments", "voices", "warnings")


def plan(path: Path, folder: Path, **changes: Any) -> tuple[Outcome, Path]:
    """What is said of where the recording can be cut, and the file of its samples."""
    samples = folder / "samples"
    samples.touch()
    planned = run_engine(job(path, samples={"path": str(samples)}, **changes), folder, "--plan")
    assert planned.code == 0, planned.stderr
    assert planned.lines[0]["type"] == "plan" and planned.lines[-1]["type"] == "end"
    return planned, samples


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


class Served:
    """An engine with a server at the other end of its stdin."""

    def __init__(self, line: dict[str, Any], *further: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), text=True
        )
        for one in (line, *further):
            self.send(one)

    def send(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()

    def outcome(self) -> Outcome:
        """What it says up to an `end`."""
        lines: list[dict[str, Any]] = []
        assert self._process.stdout is not None
        while not lines or lines[-1]["type"] != "end":
            said = json.loads(next(self._process.stdout))
            if said["type"] != "heartbeat":
                lines.append(said)
        return Outcome(lines, 0, "")

    def close(self) -> int:
        """How it ends, by itself."""
        code = self._process.wait(60)
        self._process.communicate()
        return code


def test_parts_are_what_the_whole_is(transcribe: Run, minute: Path, tmp_path: Path) -> None:
    changes = {"batchSize": 1, "beamSize": 1, "language": None}
    whole = transcribe(minute, **changes)
    planned, samples = plan(minute, tmp_path, **changes)
    places, points = planned.all("batch"), whole.all("checkpoint")
    assert [(place["batch"], place["clip"], place["sample"]) for place in places[1:]] == [
        (point["resume"]["batch"], point["resume"]["clip"], point["resume"]["sample"]) for point in points[:-1]
    ]
    assert planned.all("media") == whole.all("media")[1:] and planned.all("peaks") == whole.all("peaks")
    assert planned.one("end")["durationSeconds"] == whole.one("end")["durationSeconds"]
    lines = [part_line(places[1], places[2], whole), part_line(places[2], None, whole)]
    served = Served(job(samples, part=lines[0], **changes))
    resume = points[0]["resume"]
    for line in lines:
        if line["batch"] > 1:
            served.send({"part": line, "resume": None})
        part = served.outcome()
        last = len(points) if line["to"] is None else line["to"]
        assert part.all("segment") == [said for said in whole.all("segment") if line["batch"] <= said["batch"] < last]
        for point, own in zip(points[line["batch"] : last], part.all("checkpoint"), strict=True):
            resume = joined(resume, own["resume"])
            assert resume == point["resume"]
            assert own["processedSeconds"] == point["processedSeconds"]
        assert [part.lines[0]["type"], part.lines[-1]["type"]] == ["hello", "end"]
        assert not part.all("media") and not part.all("peaks")
    served.send({"part": None})
    assert served.close() == 0
    end = run_engine(job(samples, resume=resume, **changes), tmp_path, "--end").one("end")
    assert [end[name] for name in ENDED] == [whole.one("end")[name] for name in ENDED]
    copy = samples.with_name("copy")  # the last part is gone on with by another, after its first batch
    copy.write_bytes(samples.read_bytes())
    rest = transcribe(copy, part=lines[1], resume=part.all("checkpoint")[0]["resume"], **changes)
    assert rest.one("hello")["resumed"] is True
    assert rest.all("segment") == [said for said in part.all("segment") if said["batch"] > lines[1]["batch"]]
    assert rest.all("checkpoint") == part.all("checkpoint")[1:]


def test_an_engine_that_is_told_to_stop_before_a_clip_does_so(tmp_path: Path, minute: Path) -> None:
    changes = {"batchSize": 1, "beamSize": 1}
    stopped = Served(job(minute, **changes), {"to": 1})
    beginning = stopped.outcome()
    stopped.close()
    assert {line["clip"] for line in beginning.all("segment")} == {0}
    assert beginning.one("checkpoint")["batch"] == 0 and not beginning.all("peaks")


@pytest.mark.parametrize("judges", [True, False])
def test_clips_are_cut_again_as_they_were(stereo: Sound, tmp_path: Path, judges: bool) -> None:
    start, path = 52_800, tmp_path / "samples"
    path.touch()
    writer = PcmWriter(open_to_write(str(path)), start)
    pieces = iter(np.array_split(stereo[:, start:], 300, axis=1))
    clips = list(cut(writer.written(pieces), judges, 0, start))
    assert len(clips) > 2
    for clip in clips:
        writer.mark(clip)
    pcm = Pcm(open_recording(Source(str(path))), start)
    assert pcm.likely_seconds == stereo.shape[1] / 16_000
    assert np.array_equal(np.concatenate(list(pcm.sound(60_001)), axis=1), stereo[:, 60_001:])
    for first in (0, 2, len(clips)):
        at = clips[first - 1].end if first else start
        again = list(cut_again(pcm.sound(at), pcm.cuts(at), judges, at))
        for one, other in zip(clips[first:], again, strict=True):
            assert (one.number, one.start, one.end) == (other.number, other.start, other.end)
            for heard, same in zip(one.channels, other.channels, strict=True):
                assert (heard.speaker, heard.spans) == (same.speaker, same.spans)
                assert np.array_equal(heard.audio, same.audio)
                assert np.array_equal(heard.probabilities, same.probabilities)


def test_the_plan_writes_nothing_but_the_samples(minute: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONOGRAPH_SERVER_PID", str(os.getpid()))
    planned, samples = plan(minute, tmp_path)
    assert planned.all("batch")[0] == {"type": "batch", "batch": 0, "clip": 0, "sample": 0}
    frames = -(-(minute.stat().st_size - 44) // 1024)
    assert samples.stat().st_size == 24 + 1032 * frames


def test_what_is_no_sample_file_is_refused(engine: Run, minute: Path) -> None:
    part = {"batch": 1, "clip": 1, "sample": 10, "to": None, "language": "en", "probability": 1}
    assert engine(minute, part=part).one("error")["code"] == "MEDIA_CORRUPT"
    del part["sample"]
    assert engine(minute, part=part).one("error")["code"] == "ENGINE_PROTOCOL"


@pytest.fixture(scope="module")
def stereo(jfk: Sound) -> Sound:
    """Two people who speak in turn, each on a channel, with a silence between."""
    pause = np.zeros_like(jfk)
    left = np.concatenate([jfk, pause, jfk, pause, pause, jfk, pause, jfk, jfk])
    right = np.concatenate([pause, jfk[::-1], pause, pause, pause, jfk, pause, jfk, pause])
    sound: Sound = np.rint(np.stack([left, right])[:, :-301] * 32768).astype(np.float32) / np.float32(32768)
    return sound
