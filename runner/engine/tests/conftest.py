"""What the tests share."""

import os

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # as the engine has it, before numpy is imported: its rounding may differ

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine.model import Model, load_model
from engine.tests.in_process import transcribe_here
from engine.tests.make import samples, write_wav
from engine.tests.outcome import COMPUTE_TYPE, DEVICE, JFK, MODEL, Outcome, job, run_engine
from engine.transcribe import Part


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
    """transcribe(path, clips=..., **changes) -> Outcome, in this process with the shared model."""

    def run(path: Path | str, clips: Part | None = None, **changes: Any) -> Outcome:
        return transcribe_here(model, path, clips, **changes)

    return run


@pytest.fixture(scope="session")
def jfk() -> "np.typing.NDArray[np.float32]":
    """The samples of the recording that comes with the project, mono at 16 kHz."""
    return samples(JFK)


@pytest.fixture(scope="session")
def minute(jfk: "np.typing.NDArray[np.float32]", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of a little over a minute with pauses of several lengths: four clips at least."""
    pause = np.zeros(16_000, np.float32)
    sound = np.concatenate([pause, jfk, jfk, pause, pause, jfk, jfk[:60_000], pause, jfk, pause, jfk, pause])
    return write_wav(tmp_path_factory.mktemp("joined") / "minute.wav", sound)
