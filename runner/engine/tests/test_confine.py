"""What the engine cannot do any more, shown by trying it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from engine.tests.outcome import JFK, MODEL, Outcome, command, environment

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs seccomp and Landlock")

LATER = "from engine.confine import confine_files, confine_process; import os, socket, sys, ctypes, threading\n"


def confined(code: str, *, files: bool = False) -> str:
    """What a program prints that has given up the network, and with `files` all files but the sample and the model."""
    steps = "print(*confine_process())\n"
    if files:
        steps += f"recording = os.open({str(JFK)!r}, os.O_RDONLY)\n"
        steps += f"print(*confine_files(recording, {str(MODEL)!r}))\n"
    ended = subprocess.run(
        [sys.executable, "-P", "-c", LATER + steps + code],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def refusal(code: str) -> str:
    """Code that prints what a statement is answered with."""
    return f"try:\n    {code}\n    print('done')\nexcept OSError as error:\n    print(type(error).__name__)\n"


def test_the_network_is_given_up_and_pipes_within_the_machine_are_not() -> None:
    for kind in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_UNIX"):
        assert confined(refusal(f"socket.socket(socket.{kind}, socket.SOCK_DGRAM)")) == "network\nPermissionError\n"
    assert confined(refusal("socket.socketpair()")) == "network\ndone\n"
    assert confined(refusal("os.pipe()")) == "network\ndone\n"


def test_other_processes_are_out_of_reach_and_no_privilege_comes_back() -> None:
    libc = "ctypes.CDLL(None, use_errno=True)"
    calls = {
        "kill": "os.getppid(), 0",
        "prlimit": "os.getppid(), 7, 0, 0",
        "ptrace": "0, 0, 0, 0",
        "unshare": "0x10000000",
        "setns": "0, 0",
    }
    for name, arguments in calls.items():
        said = confined(f"libc = {libc}\nprint(libc.{name}({arguments}), ctypes.get_errno())\n")
        assert said == "network\n-1 1\n", name
    status = confined("print(open('/proc/self/status').read())\n")
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status


def test_a_thread_that_runs_already_gives_up_the_network_too() -> None:
    code = "gate = threading.Event()\nout = []\n"
    code += "def work():\n    gate.wait()\n    try:\n        socket.socket(); out.append('open')\n"
    code += "    except OSError: out.append('refused')\nthread = threading.Thread(target=work); thread.start()\n"
    code += "confine_process(); gate.set(); thread.join(); print(*out)\n"
    program = LATER + code
    ended = subprocess.run(
        [sys.executable, "-P", "-c", program], env=environment(), capture_output=True, text=True, check=True
    )
    assert ended.stdout == "refused\n"


def test_of_all_files_the_recording_and_what_programs_read_are_left(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("key")
    outside = str(secret)
    tried = {
        f"open({outside!r})": "PermissionError",
        f"open({outside!r}, 'w')": "PermissionError",
        f"os.listdir({str(tmp_path)!r})": "PermissionError",
        f"os.unlink({outside!r})": "PermissionError",
        f"os.rename({outside!r}, {outside + '2'!r})": "PermissionError",
        "open('/etc/passwd')": "PermissionError",
        "open('/tmp/written-by-the-engine', 'w')": "PermissionError",
        "os.posix_spawn('/bin/true', ['true'], {})": "PermissionError",
        "open(f'/proc/{os.getppid()}/environ').read()": "PermissionError",
        "os.kill(os.getppid(), 0)": "PermissionError",
        "open('/proc/self/fd/' + str(recording)).close()": "done",
        f"open({str(MODEL / 'config.json')!r})": "done",
        "__import__('colorsys')": "done",
        "open('/proc/cpuinfo')": "done",
    }
    code = "".join(refusal(statement) for statement in tried)
    said = confined(code, files=True).splitlines()
    assert said[0] == "network"
    assert said[1].endswith("files")
    assert dict(zip(tried, said[2:], strict=True)) == tried


def test_a_confined_engine_transcribes_leaves_nothing_and_says_what_it_gave_up(
    tmp_path: Path, engine: Callable[..., Outcome]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    ended = subprocess.run(
        command("--smoke", str(MODEL)),
        env=environment() | {"HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(r'"confined":\["network","(?:decoder )?files"\]', ended.stdout)
    assert "telemetry" not in ended.stderr
    assert list(home.iterdir()) == []
    assert engine(JFK).code == 0


def test_a_model_made_of_links_is_read_where_they_lead(tmp_path: Path) -> None:
    blobs, links = tmp_path / "blobs", tmp_path / "model"
    blobs.mkdir()
    links.mkdir()
    for file in MODEL.iterdir():
        os.link(file, blobs / file.name)
        (links / file.name).symlink_to(blobs / file.name)
    model = subprocess.run(
        command("--smoke", str(links)), env=environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert model.returncode == 0, model.stderr
