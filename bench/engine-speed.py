"""How fast and how lean the engine is, against bare faster-whisper in the same run.

npm run bench:engine -- [--rounds N] [--minutes 4 20] [--memory 4 20 60] [--hours 10]
With ENGINE_DEVICE=cuda all run on the graphics card.

Each round runs every contender once, one after the other, so that a busy machine is as hard on each; ratios are of
the medians. Processor time stands beside wall time because it suffers less from neighbours.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "runner"))

from engine.tests.outcome import COMPUTE_TYPE, CUDA, DEVICE, MODEL, job, run_engine  # noqa: E402
from engine_join import joined  # noqa: E402

ALLOCATOR = {  # with which bare faster-whisper is fastest, whatever memory it takes
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "2000000000",
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
}
SHORT, LONG = 5, 120  # minutes
HOURS = 4 * 3600.0  # patience with long recordings on a busy machine
Spent = tuple[float, float]  # wall and processor seconds


def _spent(run: "list[str] | tuple[Path, Path]", environment: dict[str, str]) -> Spent:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    if isinstance(run, tuple):
        assert run_engine(job(run[0], language=None), run[1], patience=HOURS).code == 0
    else:
        subprocess.run(
            run,
            env={**os.environ, **CUDA, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - started, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare_speed(minutes: float, rounds: int, folder: Path) -> None:
    """Wall and processor time of one recording, as ratios to the two controls."""
    path = joined(minutes, folder)
    script = str(Path(__file__).with_name("controls") / "bare_engine.py")
    bare = [sys.executable, script, str(MODEL), str(path), DEVICE, COMPUTE_TYPE]
    spent: dict[str, list[Spent]] = {"engine": [], "bare": [], "bare tuned, words": []}
    for _ in range(rounds):
        spent["engine"].append(_spent((path, folder), {}))
        spent["bare"].append(_spent(bare, {}))
        spent["bare tuned, words"].append(_spent([*bare, "words"], ALLOCATOR))
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in spent.items()}
    for name, (wall, cpu) in medians.items():
        own_wall, own_cpu = medians["engine"]
        print(
            f"{minutes:g} min  {name:18} wall {wall:7.1f} s  cpu {cpu:7.1f} s  "
            f"engine / this: wall {own_wall / wall:.2f}  cpu {own_cpu / cpu:.2f}",
            flush=True,
        )


def compare_memory(minutes: list[float], hours: float, folder: Path) -> None:
    """Peak memory over the length, as ratios to the first; the hours are planned, and their end is read.

    The peak comes when the costly steps of two groups of clips meet. A short recording gives them few occasions, so it
    is read three times, and the highest counts.
    """
    first, pace = 0, 3.0
    for length in [*minutes, *([hours * 60] if hours else [])]:
        # Of hours, only the last 2 % of the clips are read: planning them is what is weighed.
        end_only = ("--from", str(int(length * pace * 0.98))) if length > LONG else ()
        line = job(joined(length, folder), language="en")
        outcomes = [run_engine(line, folder, *end_only, patience=HOURS) for _ in range(3 if length < SHORT else 1)]
        read = outcomes[0].all("checkpoint")
        pace = read[-1]["resume"]["clip"] / length if read else pace
        peaks = [outcome.one("end")["peakMemoryBytes"] for outcome in outcomes]
        first = first or max(peaks)
        told = ", ".join(f"{peak / 2**20:.0f}" for peak in peaks)
        print(f"{length:g} min  peak memory {told} MiB, of the first: {max(peaks) / first:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, nargs="*", default=[4.0, 20.0], help="lengths to time")
    parser.add_argument("--memory", type=float, nargs="*", default=[4.0, 20.0, 60.0], help="lengths to weigh")
    parser.add_argument("--hours", type=float, default=10.0, help="length to plan; 0 = none")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="phonograph-bench-") as name:
        for minutes in arguments.minutes:
            compare_speed(minutes, arguments.rounds, Path(name))
        compare_memory(arguments.memory, arguments.hours, Path(name))


if __name__ == "__main__":
    main()
