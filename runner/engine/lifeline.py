"""How the engine's life hangs on the server's: it dies with it, and tells it that it lives."""

import ctypes
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable

from engine.lines import Lines

HEARTBEAT_SECONDS = 5.0  # the server gives up after 120 s of silence
EXIT_ORPHANED = 75  # EX_TEMPFAIL: the server is gone, the job goes on elsewhere
PR_SET_PDEATHSIG = 1  # from linux/prctl.h
OOM_SCORE = 600  # of 1000: the kernel takes the engine, not the server that holds all jobs


def die_with_parent() -> None:
    """Let the kernel end this process when its parent dies, and make it the first choice when memory runs out.

    The server tells its number in PHONOGRAPH_SERVER_PID: it may be gone before this process has come so far.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = int(os.environ.get("PHONOGRAPH_SERVER_PID", os.getppid()))
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call, so no signal will come
        os._exit(EXIT_ORPHANED)
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write(str(OOM_SCORE))
    except OSError as error:  # a hardened container may forbid it; the job can still run
        print(f"oom_score_adj not set: {error.strerror}", file=sys.stderr)


def read_job_line() -> bytes:
    """The first line of stdin, read byte-exactly from the descriptor, so that nothing is left in a buffer."""
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = os.read(0, 1) if _is_stream() else os.read(0, 1 << 20)
        if not piece:
            break
        line += piece
    return bytes(line)


def watch_stdin(hear: Callable[[bytes], None]) -> bool:
    """End this process at once when stdin ends; what comes until then is heard, line by line.

    False for a job that is read from a file: it has no server behind it, and there is nothing to watch.
    """
    if _is_stream():
        threading.Thread(target=_watch, args=(hear,), name="lifeline", daemon=True).start()
    return _is_stream()


def keep_beating(lines: Lines) -> None:
    """Say `heartbeat` every 5 s from a thread of its own: a long decode releases the interpreter lock, not the loop."""
    threading.Thread(target=_beat, args=(lines,), name="heartbeat", daemon=True).start()


def _is_stream() -> bool:
    return not stat.S_ISREG(os.fstat(0).st_mode)


def _watch(hear: Callable[[bytes], None]) -> None:
    while line := read_job_line():
        hear(line)
    os._exit(EXIT_ORPHANED)


def _beat(lines: Lines) -> None:
    while True:
        time.sleep(HEARTBEAT_SECONDS)
        lines.write("heartbeat")
