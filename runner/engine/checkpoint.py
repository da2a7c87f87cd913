"""What a run needs to go on where another one stopped, and the proof that it would write the same text."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
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

    other_language_ms: what sounds like another language than the one it was read in, by its code.
    voices: lines of voices so far; None once hearing them has failed.
    Of a part, segments, voices and other_language_ms count what the batch before has brought: a server adds them up.
    """

    batch: int = 0
    clip: int = 0
    sample: int = 0
    language: str | None = None
    probability: float = 0.0
    segments: int = 0
    voices: int | None = 0
    other_language_ms: dict[str, int] = field(default_factory=dict)

    def to_json(self, key: str) -> dict[str, Any]:
        return {"key": key, **asdict(self)}

    def uncounted(self) -> "State":
        """The same place, with nothing counted before it."""
        return replace(self, segments=0, voices=None if self.voices is None else 0, other_language_ms={})


def resume_key(job: Job, model: Model, recording: Recording) -> str:
    """A hash over all that the transcript is a function of. Threads are not part of it: they do not change the text.

    The samples of a part may be a copy of those that the part began with: of which recording is for the server to know.
    """
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
        "media": [recording.bytes, recording.modified_ns if job.part is None else 0],
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
