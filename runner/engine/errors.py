"""The failures that the engine tells the server, and how an exception becomes one of them."""

import errno
import re
from typing import Literal

# The public FailureCodes that an engine can be the first to know.
Code = Literal[
    "MEDIA_NOT_FOUND",
    "MEDIA_EMPTY",
    "MEDIA_NO_AUDIO",
    "MEDIA_UNSUPPORTED",
    "MEDIA_CORRUPT",
    "MEDIA_CHANGED",
    "MEDIA_TOO_LONG",
    "MODEL_NOT_FOUND",
    "MODEL_INVALID",
    "GPU_UNAVAILABLE",
    "GPU_OUT_OF_MEMORY",
    "OUT_OF_MEMORY",
    "STORAGE_FULL",
    "ENGINE_NOT_INSTALLED",
    "ENGINE_PROTOCOL",
    "INTERNAL",
]

# Failures that may be gone at the next attempt: another process may have held the memory or the device.
RETRYABLE: frozenset[Code] = frozenset(
    {"GPU_UNAVAILABLE", "GPU_OUT_OF_MEMORY", "OUT_OF_MEMORY", "STORAGE_FULL", "INTERNAL"}
)


class EngineError(Exception):
    """A failure with a public code and one sentence for a person, without paths of the server."""

    def __init__(self, code: Code, message: str, retryable: bool | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
        self.hint = hint  # what to do, where the engine knows more than the code says
        self.retryable = code in RETRYABLE if retryable is None else retryable


# What a disk says that is at fault, such as one of the network: the recording may be there again in a while.
DISK = frozenset((errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EREMOTEIO, errno.ENOTCONN, errno.EHOSTDOWN))


def is_of_disk(error: BaseException) -> bool:
    """Whether the disk is at fault, and not what is on it."""
    return isinstance(error, OSError) and error.errno in DISK


# CTranslate2 and the CUDA libraries fail with a RuntimeError whose text is all that tells the cases apart.
# First match wins, so "out of memory" stands before the general CUDA texts that it is part of.
GPU_TEXTS: tuple[tuple[re.Pattern[str], Code, str], ...] = (
    (
        re.compile(r"(cuda|cublas|cudnn|gpu).*(out of memory|alloc_failed|memory allocation)", re.I | re.S),
        "GPU_OUT_OF_MEMORY",
        "The graphics card has too little free memory for this model and batch size.",
    ),
    (
        re.compile(r"lib(cublas|cudnn|cudart|curand)\w*[.\w]*.*(not found|cannot be loaded|cannot open)", re.I | re.S),
        "GPU_UNAVAILABLE",
        "A CUDA library that the engine needs is not installed on the server.",
    ),
    (
        re.compile(r"driver version is insufficient", re.I),
        "GPU_UNAVAILABLE",
        "The graphics driver of the server is too old for the engine.",
    ),
    (
        re.compile(r"no cuda-capable device|invalid device ordinal|not compiled with cuda", re.I),
        "GPU_UNAVAILABLE",
        "The server has no graphics card that the engine can use.",
    ),
    (
        re.compile(r"cuda|cublas|cudnn", re.I),
        "GPU_UNAVAILABLE",
        "The graphics card failed while the recording was being transcribed.",
    ),
)


def explain(error: BaseException) -> EngineError:
    """The public failure behind any exception; texts of libraries go to stderr only, as they may hold paths."""
    if isinstance(error, EngineError):
        return error
    if is_of_disk(error):
        hint = "Look at the disk or the network share that the recording is on, then retry the job."
        return EngineError("INTERNAL", "The recording could not be read: its disk reports an error.", hint=hint)
    text = f"{error}"
    if isinstance(error, MemoryError) or re.search(r"bad_?alloc|failed to allocate|cannot allocate memory", text, re.I):
        return EngineError("OUT_OF_MEMORY", "The server has too little free memory for this model and batch size.")
    for pattern, code, message in GPU_TEXTS:
        if isinstance(error, (RuntimeError, ValueError)) and pattern.search(text):
            return EngineError(code, message)
    if isinstance(error, OSError) and error.errno == 28:  # ENOSPC
        return EngineError("STORAGE_FULL", "The disk of the server is full.")
    return EngineError("INTERNAL", f"The engine failed unexpectedly ({type(error).__name__}).")
