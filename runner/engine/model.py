"""The Whisper model on disk and in memory, and what identifies it."""

import ctypes
import hashlib
import json
import os
import platform
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ctranslate2
import faster_whisper.tokenizer
import faster_whisper.transcribe
import faster_whisper.vad
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from engine.errors import EngineError, explain

FILES = ("config.json", "model.bin", "tokenizer.json")
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")

# Not part of faster-whisper's public face; checked at start, so that another version fails loudly and early.
PRIVATE_NAMES = (
    (faster_whisper.transcribe, ("get_suppressed_tokens", "merge_punctuations", "get_ctranslate2_storage")),
    (WhisperModel, ("encode", "find_alignment")),
    (Tokenizer, ("sot_prev", "sot_sequence", "no_timestamps", "eot", "split_to_word_tokens")),
    (faster_whisper.vad, ("get_vad_model",)),
)


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded model; `sha256` is that of model.bin."""

    whisper: Any  # WhisperModel; faster-whisper has no types
    path: str
    sha256: str
    device: str
    compute_type: str
    threads: int
    card: str | None  # what graphics_card() says; None on the CPU

    @property
    def multilingual(self) -> bool:
        return bool(self.whisper.model.is_multilingual)

    @property
    def workers(self) -> int:
        """Steps that it can compute at the same time."""
        return int(self.whisper.model.num_workers)

    def tokenizer(self, language: str, task: str) -> Any:
        """The tokenizer for a language; English-only models know no other."""
        return Tokenizer(self.whisper.hf_tokenizer, self.multilingual, task=task, language=language)


def versions() -> dict[str, str]:
    """The versions that a transcript depends on."""
    names = {"fasterWhisper": "faster-whisper", "ctranslate2": "ctranslate2", "av": "av"}
    return {**{key: version(name) for key, name in names.items()}, "python": platform.python_version()}


def instruction_set() -> str:
    """The CPU features that decide CTranslate2's and numpy's rounding, such as "x86_64 avx512f avx2 fma"."""
    found: set[str] = set()
    try:
        flags = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags"))
        found = set(flags.split(":", 1)[1].split())
    except (OSError, StopIteration):
        pass
    wanted = ("avx512f", "avx512_vnni", "amx_int8", "avx2", "avx", "fma", "sse4_1")
    return " ".join([platform.machine(), *(name for name in wanted if name in found)])


def graphics_card() -> str:
    """What decides the rounding on the first graphics card: its name and the CUDA version of the driver, which compiles
    the kernels that CTranslate2 does not bring ready for the card; such as "NVIDIA H200 13000"."""
    driver = ctypes.CDLL("libcuda.so.1")
    name, cuda = ctypes.create_string_buffer(256), ctypes.c_int()
    driver.cuInit(0)
    driver.cuDeviceGetName(name, len(name), 0)
    driver.cuDriverGetVersion(ctypes.byref(cuda))
    return f"{name.value.decode()} {cuda.value}"


def check_library() -> None:
    """Raise ENGINE_NOT_INSTALLED unless the library is the one that this engine was written for."""
    missing = [name for owner, names in PRIVATE_NAMES for name in names if not hasattr(owner, name)]
    if missing:
        message = f"faster-whisper {version('faster-whisper')} lacks {', '.join(missing)}; install the locked version."
        raise EngineError("ENGINE_NOT_INSTALLED", message)


def check_files(path: str) -> None:
    """Raise MODEL_NOT_FOUND or MODEL_INVALID; without tokenizer.json the library would go to the network."""
    if not os.path.isfile(os.path.join(path, "model.bin")):
        raise EngineError("MODEL_NOT_FOUND", "The model is not installed on the server.")
    lacking = [name for name in FILES if not os.path.isfile(os.path.join(path, name))]
    if not any(os.path.isfile(os.path.join(path, name)) for name in VOCABULARIES):
        lacking.append(VOCABULARIES[0])
    if lacking:
        raise EngineError("MODEL_INVALID", f"The model lacks {', '.join(lacking)}.")
    try:
        json.loads(Path(path, "config.json").read_bytes())
    except (OSError, ValueError) as error:
        raise EngineError("MODEL_INVALID", "The model's config.json cannot be read.") from error


def load_model(path: str, device: str, compute_type: str, threads: int) -> Model:
    """Load a model from its directory, hashing it meanwhile. Raises the MODEL_, GPU_ and OUT_OF_MEMORY failures."""
    check_library()
    check_files(path)
    with ThreadPoolExecutor(1, "hash") as hasher:
        hashed = hasher.submit(_sha256, os.path.join(path, "model.bin"))
        whisper = _load(path, device, compute_type, threads)
    card = graphics_card() if device == "cuda" else None
    try:
        return Model(whisper, path, hashed.result(), device, str(whisper.model.compute_type), threads, card)
    except OSError as error:
        raise EngineError("MODEL_INVALID", "The model's files cannot be read.") from error


def _load(path: str, device: str, compute_type: str, threads: int) -> Any:
    try:
        if device == "cuda" and ctranslate2.get_cuda_device_count() == 0:
            raise EngineError("GPU_UNAVAILABLE", "The server has no graphics card that the engine can use.")
        return WhisperModel(
            path, device=device, compute_type=compute_type, local_files_only=True, **_workers(device, threads)
        )
    except Exception as error:
        known = explain(error)
        if known.code != "INTERNAL":
            raise known from error
        if "compute type" in str(error):
            raise EngineError("MODEL_INVALID", f"The device cannot compute in {compute_type}.") from error
        raise EngineError("MODEL_INVALID", "The model's files are damaged or of another format.") from error


def _workers(device: str, threads: int) -> dict[str, int]:
    """On the CPU two workers share the threads: two steps at a time, each with half of them, keep the cores busier than
    one step with all of them. What is computed does not depend on it."""
    workers = 2 if device == "cpu" and threads > 1 else 1
    return {"cpu_threads": -(-threads // workers), "num_workers": workers}


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
