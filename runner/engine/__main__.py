"""The command line: `python -m engine < job.json`, or with a server at the other end of stdin and stdout."""

import argparse
import os
import sys
import traceback
from typing import IO

# Before numpy and CTranslate2 are imported: one thread for numpy's small products (its rounding may depend on the
# number of threads, and the cores are CTranslate2's), never a look at the network for a model, and no word of ONNX
# Runtime to its makers, for which it would keep a number of this machine in the home folder.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from engine.lifeline import die_with_parent
from engine.lines import Lines
from engine.memory import tune_allocator


def main() -> int:
    arguments = _parser().parse_args()
    lines = Lines(_own_stdout())
    try:
        die_with_parent()
        tune_allocator()
        if arguments.speakers:
            from engine.speakers import command

            command.serve(lines)
            return 0
        from engine import run  # late: importing the libraries takes 0.5 s, and may fail

        if arguments.plan:
            run.plan_parts(lines)
            return 0
        if arguments.end:
            run.end_parts(lines)
            return 0
        if arguments.smoke is not None:
            return run.smoke(lines, arguments)
        run.serve(lines, arguments)
        return 0
    except Exception as error:
        from engine.errors import EngineError, explain

        if not isinstance(error, EngineError):  # what a recording lacks is no fault to be traced
            traceback.print_exc()

        if isinstance(error, ImportError):
            message = "The engine's libraries are not installed; run the set-up again."
            error = EngineError("ENGINE_NOT_INSTALLED", message)
        known = explain(error)
        hint = {} if known.hint is None else {"hint": known.hint}
        lines.write("error", code=known.code, message=known.message, retryable=known.retryable, **hint)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m engine",
        description="Transcribes one recording. Reads the job as one line of JSON from stdin, writes NDJSON to stdout; "
        "PROTOCOL.md tells the lines. When stdin is a pipe, its end ends the engine.",
    )
    parser.add_argument("--standby", metavar="MODEL", help="load the model directory, say ready, then wait for the job")
    parser.add_argument("--smoke", metavar="MODEL", help="transcribe a short sample, print one line of JSON, and exit")
    parser.add_argument(
        "--speakers", action="store_true", help="tell apart who speaks in what was heard before; PROTOCOL.md tells how"
    )
    parser.add_argument(
        "--plan", action="store_true", help="tell where the recording can be cut into parts, and write its samples"
    )
    parser.add_argument(
        "--end", action="store_true", help="tell how a transcript ends whose parts several engines have read"
    )
    parser.add_argument(
        "--from", dest="first", metavar="CLIP", type=int, default=0, help="first clip of the plan to read"
    )
    parser.add_argument("--to", dest="last", metavar="CLIP", type=int, help="clip of the plan to stop before")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="for --standby and --smoke")
    parser.add_argument("--compute-type", default="int8", help="for --standby and --smoke (default: int8)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="for --standby and --smoke")
    return parser


def _own_stdout() -> IO[str]:
    """The real stdout for the protocol alone; whatever a library prints goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace", newline="\n")
    os.dup2(2, 1)
    return out


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # without the interpreter's farewell, in which a thread still inside a library may crash
