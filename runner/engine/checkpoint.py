"""What a run needs to go on where another one stopped, and the proof that it would write the same text."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

from engine import VERSION
from engine.audio.recording import Recording
from engine.job import Job
from engine.model import Model, instruction_set, versions
from engine.speakers.hearing import fingerprint

# Libraries beside those that `hello` names whose arithmetic or text handling a transcript depends on.
LIBRARIES = ("numpy", "onnxruntime", "tokenizers")


@dataclass(frozen=True, slots=True)
class State:
    """Batches 0 to batch-1 are final; clip `clip` comes next and its sound starts at `sample` (16 kHz).

    other_languages: seconds that sound like another language than the one they were read in.
    voices: lines of voices so far; None once hearing them has failed.
    """

    batch: int = 0
    clip: int = 0
    sample: int = 0
    language: str | None = None
    probability: float = 0.0
    segments: int = 0
    voices: int | None = 0
    other_languages: dict[str, float] = field(default_factory=dict)

    def to_json(self, key: str) -> dict[str, Any]:
        return {"key": key, **asdict(self)}


def resume_key(job: Job, model: Model, recording: Recording) -> str:
    """A hash over all that the transcript is a function of. Threads are not part of it: they do not change the text."""
    parts = {
        "engine": VERSION,
        "versions": {**versions(), **{name: version(name) for name in LIBRARIES}},
        "cpu": instruction_set(),
        **({"card": model.card} if model.card is not None else {}),
        "model": model.sha256,
        "device": model.device,
        "computeType": model.compute_type,
        "batchSize": job.batch_size,
        "options": asdict(job.options),
        **({"voices": fingerprint()} if job.options.diarize else {}),
        "media": [recording.bytes, recording.modified_ns],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def resumed_state(resume: dict[str, Any] | None, key: str) -> State | None:
    """The state to go on from, or None when there is none or it belongs to another transcript."""
    if resume is None or resume.get("key") != key:
        return None
    try:
        state = State(**{name: value for name, value in resume.items() if name != "key"})
    except TypeError:
        return None
    whole = (state.batch, state.clip, state.sample, state.segments, state.voices or 0)
    if not all(isinstance(value, int) and value >= 0 for value in whole):
        return None
    return state
