"""One run of the engine as the server runs it, on real recordings with the COMPACT model."""

import csv
import ctypes
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from engine.memory import HUGE_PAGES

ROOT = Path(__file__).resolve().parents[3]
AUDIO = ROOT.parent / "shared" / "audio"
MODEL = ROOT / "models" / "base"
CASES = ROOT.parent / "shared" / "cases"
JFK = ROOT / "samples" / "jfk.flac"  # the recording that comes with the project

# ENGINE_DEVICE=cuda runs the same tests and benches on the graphics card.
DEVICE = os.environ.get("ENGINE_DEVICE", "cpu")
COMPUTE_TYPE, BATCH_SIZE = {"cpu": ("int8", 3), "cuda": ("float16", 8)}[DEVICE]  # of mode COMPACT in config.json
LIBRARIES = ":".join(str(path) for path in sorted(ROOT.glob(".venv/lib/python3*/site-packages/nvidia/*/lib")))
CUDA = {"LD_LIBRARY_PATH": LIBRARIES} if LIBRARIES else {}
if DEVICE == "cuda":  # for a model loaded in this very process, for which LD_LIBRARY_PATH would come too late
    for library in sorted(
        ROOT.glob(".venv/lib/python3*/site-packages/nvidia/cublas/lib/libcublas*.so.*"), reverse=True
    ):
        ctypes.CDLL(str(library))  # libcublasLt first, which libcublas needs


@dataclass(frozen=True)
class Outcome:
    """What one run of the engine said and how it ended."""

    lines: list[dict[str, Any]]
    code: int
    stderr: str

    def all(self, type: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["type"] == type]

    def one(self, type: str) -> dict[str, Any]:
        found = self.all(type)
        assert len(found) == 1, (type, self.lines, self.stderr)
        return found[0]

    @property
    def text(self) -> str:
        return " ".join(line["text"] for line in self.all("segment"))


def job(path: Path | str, **changes: Any) -> dict[str, Any]:
    """A job line; `changes` go into `options` unless they name a field of the job itself."""
    line: dict[str, Any] = {
        "protocol": 1,
        "job": "job_test",
        "attempt": 1,
        "media": {"path": str(path)},
        "model": {"id": "base", "path": str(MODEL)},
        "device": DEVICE,
        "computeType": COMPUTE_TYPE,
        "threads": 2,
        "batchSize": BATCH_SIZE,
        "options": {"language": "en"},
        "limits": {"maxDurationSeconds": 86400},
        "resume": None,
        "part": None,
        "samples": None,
    }
    for name, value in changes.items():
        (line if name in line else line["options"])[name] = value
    return line


def environment() -> dict[str, str]:
    return {**os.environ, **CUDA, "GLIBC_TUNABLES": HUGE_PAGES, "PYTHONPATH": str(ROOT / "runner")}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "engine", *arguments]  # -P: whatever lies in the working directory is not it


def run_engine(line: dict[str, Any], folder: Path, *arguments: str, patience: float = 240) -> Outcome:
    """Run a job to its end, read from a file as by hand; after `patience` seconds it counts as hung."""
    file = folder / "job.json"
    file.write_text(json.dumps(line), encoding="utf-8")
    with file.open("rb") as stdin:
        done = subprocess.run(
            command(*arguments), stdin=stdin, capture_output=True, env=environment(), timeout=patience, check=False
        )
    lines = [json.loads(text) for text in done.stdout.decode().splitlines()]
    return Outcome(lines, done.returncode, done.stderr.decode())


def recording(name: str) -> Path:
    """A recording of the collection beside the checkout; the test is skipped where that is missing."""
    path = AUDIO / name
    if not path.exists():
        pytest.skip(f"needs the collection of recordings ({name})")
    return path


def index() -> list[dict[str, str]]:
    """The recordings of the collection, as its index has them."""
    with (AUDIO / "index.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def reference(name: str) -> str:
    """What is said in a recording of the collection."""
    return next(row["reference"] for row in index() if row["file"] == name)
