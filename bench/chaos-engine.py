"""Kills the engine at random moments and compares what comes out with an uninterrupted run, byte for byte.

npm run chaos:engine -- [--kills 20] [--seed 1] [--short] [--diarize]
With ENGINE_DEVICE=cuda it all runs on the graphics card.

Each kill comes a random while after the start of an attempt; the next attempt resumes from the last checkpoint.
Exit code 1 when a transcript differs.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "runner"))

from engine.tests.outcome import AUDIO, command, environment, job, run_engine  # noqa: E402
from engine_join import joined  # noqa: E402

Line = dict[str, Any]
FINAL = ("segment", "voices")  # what a checkpoint makes final


def attempt(line: Line, kill_after: float | None) -> tuple[list[Line], Line | None, bool]:
    """Segments and voices made final, the last checkpoint, and whether the attempt came to its end."""
    pending: list[Line] = []
    final: list[Line] = []
    checkpoint: Line | None = None
    ended = False
    with subprocess.Popen(command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(line).encode() + b"\n")
        process.stdin.flush()
        timer = threading.Timer(kill_after, os.kill, (process.pid, signal.SIGKILL)) if kill_after is not None else None
        if timer is not None:
            timer.start()
        for text in process.stdout:
            if not text.endswith(b"\n"):  # torn by the kill
                break
            said = json.loads(text)
            if said["type"] in FINAL:
                pending.append(said)
            elif said["type"] == "checkpoint":
                final, pending, checkpoint = final + pending, [], said
            elif said["type"] == "end":
                ended = True
                break
        if timer is not None:
            timer.cancel()
    return final, checkpoint, ended


def survive(line: Line, whole: list[Line], kills: int, chance: random.Random, patience: float) -> bool:
    """Kill the engine so often on one job, then let it finish; whether every transcript is the same.

    An attempt that ends before its kill completes one transcript, and the next begins another.
    """
    kept: list[Line] = []
    killed, same, ended, last = 0, True, False, False
    while not last:
        last = killed == kills
        final, checkpoint, ended = attempt(line, None if last else chance.uniform(0.5, patience))
        kept += final
        if ended:
            same = same and json.dumps(kept) == json.dumps(whole)
            kept, line["resume"] = [], None
        else:
            killed += 1
            line["resume"] = checkpoint["resume"] if checkpoint is not None else line["resume"]
    same = same and ended
    name = Path(line["media"]["path"]).name
    print(f"{name}: {killed} kills, {len(whole)} lines, {'the same bytes' if same else 'DIFFERENT'}", flush=True)
    return same


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="one recording of a minute")
    parser.add_argument("--diarize", action="store_true", help="with the voices of who speaks")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="phonograph-chaos-") as name:
        folder = Path(name)
        paths = [AUDIO / "de_simplicissimus.mp3"]
        if not arguments.short:
            paths += [AUDIO / "en_columbia_address.wma", joined(16, folder)]
        kills = [arguments.kills // len(paths)] * len(paths)
        kills[-1] += arguments.kills - sum(kills)
        results: list[bool] = []
        for path, count in zip(paths, kills, strict=True):
            started = time.monotonic()
            line = job(path, language=None, diarize=arguments.diarize)
            whole = [said for said in run_engine(line, folder, patience=3600).lines if said["type"] in FINAL]
            patience = max(4.0, (time.monotonic() - started) / max(1, count) * 2)
            results.append(survive(line, whole, count, chance, patience))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
