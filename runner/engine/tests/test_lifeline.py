"""The engine dies with its server, beats while it works, and waits on standby."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine.lifeline import EXIT_ORPHANED
from engine.tests.outcome import JFK, MODEL, command, environment, job


@pytest.fixture
def talk() -> Iterator[Any]:
    """talk(*arguments) -> a running engine with open stdin and stdout."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command(*arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        with process:
            pass


def send(process: subprocess.Popen[bytes], line: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(line).encode() + b"\n")
    process.stdin.flush()


def wait_for(process: subprocess.Popen[bytes], type: str) -> dict[str, Any]:
    assert process.stdout is not None
    for text in process.stdout:
        line: dict[str, Any] = json.loads(text)
        if line["type"] == type:
            return line
    raise AssertionError(f"the engine ended without saying {type}")


def test_end_of_stdin_ends_a_working_engine(talk: Any, minute: Path) -> None:
    process = talk()
    send(process, job(minute))
    wait_for(process, "hello")
    process.stdin.close()
    assert process.wait(timeout=10) == EXIT_ORPHANED


def test_an_engine_whose_server_died_before_it_could_look_ends_at_once() -> None:
    gone = environment() | {"PHONOGRAPH_SERVER_PID": str(2**22 + 1)}  # above the largest number that Linux gives
    ended = subprocess.run(
        command("--smoke", str(MODEL)), stdin=subprocess.DEVNULL, capture_output=True, env=gone, check=False
    )
    assert (ended.returncode, ended.stdout) == (EXIT_ORPHANED, b"")


def test_an_engine_on_standby_serves_one_job_and_ends_with_its_server(talk: Any) -> None:
    process = talk("--standby", str(MODEL), "--threads", "2")
    assert wait_for(process, "ready")["loadSeconds"] > 0
    send(process, job(JFK))
    assert wait_for(process, "end")["segments"] > 0
    assert process.wait(timeout=10) == 0
    idle = talk("--standby", str(MODEL))
    wait_for(idle, "ready")
    idle.stdin.close()
    assert idle.wait(timeout=10) == EXIT_ORPHANED


def test_a_dead_parent_takes_the_engine_with_it_even_while_stdin_is_open(minute: Path) -> None:
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:], stdin=0, stdout=1)\n"
        "print(child.pid, file=sys.stderr, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, *command()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    with parent:
        assert parent.stderr is not None
        child = int(parent.stderr.readline())
        send(parent, job(minute))
        wait_for(parent, "hello")
        os.kill(parent.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while _runs(child) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
