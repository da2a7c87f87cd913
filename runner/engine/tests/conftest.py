"""What the tests share."""

import os

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # as the engine has it, before numpy is imported: its rounding may differ

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine.audio.media import Media
from engine.audio.recording import Source, open_recording
from engine.job import parse_job
from engine.lines import Lines
from engine.messages import Messages
from engine.model import Model, load_model
from engine.tests.make import write_wav
from engine.tests.outcome import COMPUTE_TYPE, DEVICE, JFK, MODEL, Outcome, job, run_engine
from engine.transcribe import Part, Transcription


@pytest.fixture
def engine(tmp_path: Path) -> Callable[..., Outcome]:
    """engine(path, *arguments, **changes) -> Outcome, in a process of its own."""

    def run(path: Path | str, *arguments: str, **changes: Any) -> Outcome:
        return run_engine(job(path, **changes), tmp_path, *arguments)

    return run


@pytest.fixture(scope="session")
def model() -> Model:
    """The COMPACT model, loaded once."""
    return load_model(str(MODEL), DEVICE, COMPUTE_TYPE, 2)


@pytest.fixture(scope="session")
def transcribe(model: Model) -> Callable[..., Outcome]:
    """transcribe(path, part=..., **changes) -> Outcome, in this process with the shared model."""

    def run(path: Path | str, part: Part | None = None, **changes: Any) -> Outcome:
        parsed = parse_job(json.dumps(job(path, **changes)))
        said = io.StringIO()
        lines = Lines(said)
        media = Media(open_recording(parsed.source), split=parsed.options.channels == "split")
        Transcription(parsed, model, media, Messages(lines, parsed, model), part or Part()).run()
        return Outcome([json.loads(line) for line in said.getvalue().splitlines()], 0, "")

    return run


@pytest.fixture(scope="session")
def jfk() -> "np.typing.NDArray[np.float32]":
    """The samples of the recording that comes with the project, mono at 16 kHz."""
    pieces = Media(open_recording(Source(str(JFK))), split=False).sound(60.0, None)
    sound: np.typing.NDArray[np.float32] = np.concatenate(list(pieces), axis=1)[0]
    return sound


@pytest.fixture(scope="session")
def minute(jfk: "np.typing.NDArray[np.float32]", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of a little over a minute with pauses of several lengths: four clips at least."""
    pause = np.zeros(16_000, np.float32)
    sound = np.concatenate([pause, jfk, jfk, pause, pause, jfk, jfk[:60_000], pause, jfk, pause, jfk, pause])
    return write_wav(tmp_path_factory.mktemp("joined") / "minute.wav", sound)
