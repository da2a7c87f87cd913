"""The job line: parsed once at the door, trusted behind it."""

import json
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from engine.audio.recording import Source
from engine.errors import EngineError

PROTOCOL = 1


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the recording in seconds; `end` None = to its end."""

    start: float
    end: float | None


@dataclass(frozen=True, slots=True)
class Options:
    """What decides the text, apart from the recording and the model."""

    language: str | None
    multilingual: bool
    task: Literal["transcribe", "translate"]
    word_timestamps: bool
    vad: bool
    channels: Literal["mix", "split"]
    initial_prompt: str | None
    hotwords: str | None
    beam_size: int
    clip: Span
    track: int | None = None  # of those of sound, from 0; None = the default one that is not silent
    diarize: bool = False  # whether the speakers are to be told apart


@dataclass(frozen=True, slots=True)
class PartOf:
    """What is to be read of a recording that several engines read, from the samples that `--plan` has written.

    Clip `clip` of the plan comes first, in batch `batch`, and its sound starts at `sample`; `to`: the clip to stop
    before, None = none.
    """

    batch: int
    clip: int
    sample: int
    to: int | None
    language: str
    probability: float


@dataclass(frozen=True, slots=True)
class Job:
    """One recording to transcribe, as the server asked for it."""

    id: str
    source: Source
    model_id: str
    model_path: str
    device: Literal["cpu", "cuda"]
    compute_type: str
    threads: int
    batch_size: int
    options: Options
    max_seconds: float
    max_memory_bytes: int | None
    resume: dict[str, Any] | None
    part: PartOf | None = None
    samples: str | None = None  # path of the file that `--plan` writes the samples to
    silent: bool = False  # whether `--plan` has heard nothing at all, for `--end`


class _Fields:
    """Reads typed fields of a JSON object; names the field that is wrong, never its value."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise EngineError("ENGINE_PROTOCOL", f"The job line's {where} must be an object.")
        self.value, self.where = cast(dict[str, Any], value), where

    def bad(self, name: str, rule: str) -> EngineError:
        return EngineError("ENGINE_PROTOCOL", f"The job line's {self.where}.{name} must be {rule}.")

    def text(self, name: str) -> str:
        value = self.value.get(name)
        if not isinstance(value, str) or not value or "\0" in value:
            raise self.bad(name, "a text")
        return value

    def optional_text(self, name: str) -> str | None:
        value = self.value.get(name)
        if value is not None and not isinstance(value, str):
            raise self.bad(name, "a text or null")
        return value or None

    def digits(self, name: str) -> int | None:
        value = self.optional_text(name)
        if value is not None and not value.isdecimal():
            raise self.bad(name, "a number in digits")
        return None if value is None else int(value)

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> Any:
        value = self.value.get(name, default)
        if value not in allowed:
            raise self.bad(name, "one of " + ", ".join(allowed))
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.value.get(name, default)
        if not isinstance(value, bool):
            raise self.bad(name, "true or false")
        return value

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        value = self.value.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.bad(name, f"a whole number from {low} to {high}")
        return value

    def number(self, name: str, default: float | None, low: float) -> float | None:
        value = self.value.get(name)
        if value is None:
            return default
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not value >= low:
            raise self.bad(name, f"a number not below {low:g}")
        return float(value)


def parse_job(line: str | bytes) -> Job:
    """The job in a line of JSON. Raises EngineError(ENGINE_PROTOCOL) that names the field at fault."""
    try:
        value = json.loads(line)
    except ValueError as error:
        raise EngineError("ENGINE_PROTOCOL", "The job line is not JSON.") from error
    job = _Fields(value, "job")
    if job.value.get("protocol", PROTOCOL) != PROTOCOL:
        raise EngineError("ENGINE_PROTOCOL", f"This engine speaks protocol {PROTOCOL} only.")
    model = _Fields(job.value.get("model"), "model")
    limits = _Fields(job.value.get("limits") or {}, "limits")
    resume = job.value.get("resume")
    return Job(
        id=job.optional_text("job") or "",
        source=_source(_Fields(job.value.get("media"), "media")),
        model_id=model.optional_text("id") or "",
        model_path=model.text("path"),
        device=job.choice("device", ("cpu", "cuda"), "cpu"),
        compute_type=job.optional_text("computeType") or "default",
        threads=job.whole("threads", 1, 1, 1024),
        batch_size=job.whole("batchSize", 4, 1, 256),
        options=_options(_Fields(job.value.get("options") or {}, "options")),
        max_seconds=limits.number("maxDurationSeconds", float("inf"), 0) or 0.0,
        max_memory_bytes=limits.whole("maxMemoryBytes", 0, 0, 2**62) or None,
        resume=_Fields(resume, "resume").value if resume is not None else None,
        part=None if job.value.get("part") is None else _part(_Fields(job.value["part"], "part")),
        samples=None if job.value.get("samples") is None else _Fields(job.value["samples"], "samples").text("path"),
        silent=job.flag("silent", False),
    )


def next_part(job: Job, line: str | bytes) -> Job | None:
    """The job with the part that a further line asks for, None where there is none."""
    try:
        fields = _Fields(json.loads(line), "part")
    except ValueError as error:
        raise EngineError("ENGINE_PROTOCOL", "A further line is not JSON.") from error
    if fields.value.get("part") is None:
        return None
    resume = fields.value.get("resume")
    part = _part(_Fields(fields.value.get("part"), "part"))
    return replace(job, part=part, resume=None if resume is None else _Fields(resume, "resume").value)


def place_to_stop(line: str | bytes) -> int | None:
    """The clip before which an engine is told to stop, None where a line says something else."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    to = value.get("to") if isinstance(value, dict) else None
    return to if isinstance(to, int) and to >= 0 else None


def _part(part: _Fields) -> PartOf:
    def place(name: str) -> int:
        return part.whole(name, -1, 0, 2**62)

    return PartOf(
        batch=place("batch"),
        clip=place("clip"),
        sample=place("sample"),
        to=None if part.value.get("to") is None else place("to"),
        language=part.text("language"),
        probability=part.number("probability", 1.0, 0) or 0.0,
    )


def _source(media: _Fields) -> Source:
    return Source(
        path=media.text("path"),
        name=media.optional_text("name") or "",
        device=media.digits("device"),
        inode=media.digits("inode"),
        bytes=media.whole("bytes", 0, 0, 2**62) or None,
    )


def _options(options: _Fields) -> Options:
    clip = _Fields(options.value.get("clip") or {}, "options.clip")
    start, end = clip.number("startSeconds", 0.0, 0), clip.number("endSeconds", None, 0)
    if end is not None and end <= (start or 0.0):
        raise clip.bad("endSeconds", "after startSeconds")
    channels, diarize = options.choice("channels", ("mix", "split"), "mix"), options.flag("diarize", False)
    if diarize and channels == "split":
        raise options.bad("diarize", "false where channels is split")
    return Options(
        language=options.optional_text("language"),
        multilingual=options.flag("multilingual", False),
        task=options.choice("task", ("transcribe", "translate"), "transcribe"),
        word_timestamps=options.flag("wordTimestamps", False),
        vad=options.flag("vad", True),
        channels=channels,
        initial_prompt=options.optional_text("initialPrompt"),
        hotwords=options.optional_text("hotwords"),
        beam_size=options.whole("beamSize", 5, 1, 20),
        clip=Span(start or 0.0, end),
        track=None if options.value.get("track") is None else options.whole("track", 0, 0, 10_000),
        diarize=diarize,
    )
