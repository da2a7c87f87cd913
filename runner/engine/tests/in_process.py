"""A job in this very process, with a model that is there, for tests and benches that need no process of its own."""

import io
import json
from pathlib import Path
from typing import Any

from engine.audio.media import Media
from engine.audio.pcm import Pcm
from engine.audio.recording import open_recording
from engine.job import parse_job
from engine.lines import Lines
from engine.messages import Messages
from engine.model import Model
from engine.tests.outcome import Outcome, job
from engine.transcribe import Part, Transcription, first_sample


def transcribe_here(model: Model, path: Path | str, clips: Part | None = None, **changes: Any) -> Outcome:
    """What the engine says of a recording; `changes` as in `job`."""
    parsed = parse_job(json.dumps(job(path, **changes)))
    said = io.StringIO()
    lines = Lines(said)
    recording, of = open_recording(parsed.source), parsed.part
    media = Pcm(recording, first_sample(parsed)) if of else Media(recording, parsed.options.channels == "split")
    clips = Part(of.clip, of.to) if of else clips or Part()
    Transcription(parsed, model, media, Messages(lines, parsed, model), clips).run()
    return Outcome([json.loads(line) for line in said.getvalue().splitlines()], 0, "")
