"""What the engine gives up for good: the network first, then every file but the recording and what it runs on.

A recording may be made to attack the libraries that decode it. What they could do then is to say something wrong about
this recording. Each step needs no privilege, and is left out where the kernel does not have it: seccomp (Linux 3.17)
for the network and for calls that reach other processes, Landlock (5.13) for files.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import stat
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

PR_SET_NO_NEW_PRIVS = 38  # from linux/prctl.h

# From linux/audit.h and the tables of system calls; seccomp and Landlock have one number on every machine.
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
SYSCALLS = {
    # name: (x86_64, aarch64)
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),  # it opens sockets and files past the filter
    # Other programs of the machine may do for it what is given up here; pairs and pipes are left.
    "socket": (41, 198),
    "connect": (42, 203),
    "kill": (62, 129),
    "rt_sigqueueinfo": (129, 138),
    "pidfd_send_signal": (424, 424),
}
PRLIMIT = (302, 261)  # of another process; its own limits, with 0 for the process, a program may lower
SECCOMP, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC = (317, 277), 1, 1
RET_ALLOW, RET_ERRNO, RET_KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
X32 = 0x40000000  # calls of another ABI have numbers from here on
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JGE|K, BPF_RET|K
NUMBER, ARCH, FIRST_ARGUMENT = 0, 4, 16  # places in struct seccomp_data

# From linux/landlock.h.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
PATH_BENEATH = 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
HANDLED = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}  # by version: REFER came with 2, TRUNCATE with 3
SCOPES = 0b11  # abstract sockets and signals to others, since 6
RESTRICT_SELF_TSYNC = (1 << 3, 8)  # the flag, and the version since which it holds for all threads of the process


def confine_process() -> tuple[str, ...]:
    """Give up the network, what reaches other processes, and privileges to come. Tells what was given up: network.

    Programs that a driver starts when it first meets a graphics card still need theirs: on a card call it after that.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    machine = platform.machine()
    if not sys.platform.startswith("linux") or machine not in AUDIT_ARCH or sys.maxsize < 2**32:
        return ()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return ()
    program = _filter(machine)
    code = ctypes.create_string_buffer(b"".join(program))
    place = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    number = SECCOMP[_column(machine)]
    done = libc.syscall(number, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, place)
    return ("network",) if done == 0 else _not("network", ctypes.get_errno())


def confine_files(recording: int | None, model: str | None, writes: int | None = 0) -> tuple[str, ...]:
    """Give up all files but the open recording, the model and what programs read. Tells what was given up.

    writes: bytes that a file which is open may grow to, None = any number.

    files: every thread has. decoder files: the thread that calls this has, and those that it starts, among them the one
    that decodes; threads of CTranslate2 that were there before keep theirs on a Linux that cannot restrict all at once.
    """
    if "PHONOGRAPH_SERVER_PID" in os.environ and not _cache():  # by hand its words may go to a file
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        most = resource.RLIM_INFINITY if writes is None else writes
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    if not sys.platform.startswith("linux"):
        return ()
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(CREATE_RULESET, None, 0, 1)
    if version < 1:
        return _not("files", ctypes.get_errno())
    handled = HANDLED[min(version, 3)]
    attributes = struct.pack("QQQ", handled, 0, SCOPES)[: 24 if version >= 6 else 8]
    ruleset = libc.syscall(CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return _not("files", ctypes.get_errno())
    try:
        if recording is not None:
            _allow(libc, ruleset, recording, READ_FILE)
        for path, access in _needed(model):
            _allow_path(libc, ruleset, path, access & handled)
        flag, since = RESTRICT_SELF_TSYNC
        if libc.syscall(RESTRICT_SELF, ruleset, flag if version >= since else 0) != 0:
            return _not("files", ctypes.get_errno())
    finally:
        os.close(ruleset)
    return ("files",) if version >= since else ("decoder files",)


def _filter(machine: str) -> list[bytes]:
    """The filter in instructions of classic BPF. What is denied fails with EPERM; another machine's call ends all."""
    column = _column(machine)
    denied = sorted(numbers[column] for numbers in SYSCALLS.values())
    deny = len(denied) + 9  # the place of the last instruction
    code = [
        (LOAD, 0, 0, ARCH),
        (EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, RET_KILL_PROCESS),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, deny - 5, 0, X32),
    ]
    code += [(EQUAL, deny - len(code) - 1 - at, 0, number) for at, number in enumerate(denied)]
    code += [
        (EQUAL, 0, 2, PRLIMIT[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (EQUAL, 0, 1, 0),
        (RETURN, 0, 0, RET_ALLOW),
        (RETURN, 0, 0, RET_ERRNO | errno.EPERM),
    ]
    return [struct.pack("HBBI", *instruction) for instruction in code]


def _column(machine: str) -> int:
    return 0 if machine == "x86_64" else 1


def _needed(model: str | None) -> Iterator[tuple[str, int]]:
    """What is read, and what is written to, after the recording is open."""
    read = READ_FILE | READ_DIR
    # A model may consist of links, as in the cache of the hub.
    if model is not None:
        yield from ((str(path.resolve()), READ_FILE) for path in _entries(Path(model)))
        yield (model, read)
    yield from ((path, read) for path in (sys.prefix, sys.base_prefix, str(Path(__file__).parent)))
    # Libraries that are loaded when they are first needed, the clock's zone, and what the machine is like.
    yield from ((path, read) for path in ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/sys"))
    yield from ((path, read) for path in os.environ.get("LD_LIBRARY_PATH", "").split(":"))
    # Not what is known of other processes, such as the environment of the server.
    own = ("self", "cpuinfo", "meminfo", "stat", "version", "devices", "driver", "sys/vm", "sys/kernel")
    yield from ((f"/proc/{name}", read) for name in own)
    cards = [str(path) for path in Path("/dev").glob("nvidia*")]
    devices = ("null", "zero", "random", "urandom", *(("shm",) if cards else ()))
    yield from ((path, read | WRITE_FILE) for path in [*(f"/dev/{name}" for name in devices), *cards])
    yield from ((path, HANDLED[3] & ~EXECUTE) for path in _cache())


def _entries(folder: Path) -> Iterable[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return ()


def _cache() -> list[str]:
    """Where CUDA keeps what it has compiled for a card, if somebody has said so."""
    return [path for path in (os.environ.get("CUDA_CACHE_PATH"),) if path]


def _allow_path(libc: ctypes.CDLL, ruleset: int, path: str, access: int) -> None:
    if not path:
        return
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there is not needed
    try:
        isfolder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        _allow(libc, ruleset, descriptor, access if isfolder else access & (WRITE_FILE | READ_FILE))
    finally:
        os.close(descriptor)


def _allow(libc: ctypes.CDLL, ruleset: int, descriptor: int, access: int) -> None:
    # Packed, as the kernel has it.
    libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", access, descriptor), 0)


def _not(what: str, code: int) -> tuple[str, ...]:
    print(f"the engine keeps its access to the {what}: {os.strerror(code)}", file=sys.stderr)
    return ()
