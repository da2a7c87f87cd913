"""How memory is counted."""

import subprocess
import sys
from pathlib import Path

ENGINE = Path(__file__).resolve().parents[1]


def test_what_the_parent_had_is_not_counted() -> None:
    script = "from engine.memory import peak_memory; print(peak_memory())"
    ballast = bytearray(600 * 2**20)
    ballast[::4096] = b"x" * len(ballast[::4096])
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(ENGINE.parent)}, capture_output=True, check=True
    )
    assert len(ballast) > 0 and 2**20 < int(done.stdout) < 300 * 2**20
