"""Long recordings for the benchmarks, joined from the real ones of the collection."""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "runner"))

from engine.tests.make import samples, write_wav  # noqa: E402
from engine.tests.outcome import AUDIO  # noqa: E402

FILES = (
    "long_ljspeech_one_voice.flac",
    "en_columbia_address.wma",
    "de_simplicissimus.mp3",
    "es_capitan_veneno.mp3",
    "multilingual.mp3",
    "en_jfk_11s.flac",
)


def joined(minutes: float, folder: Path) -> Path:
    """A recording of so many minutes, joined from different ones; under 5 minutes it is the one long decoding."""
    if minutes < 5:
        return AUDIO / FILES[0]
    path = folder / f"{minutes:g}min.wav"
    if not path.exists():
        sounds = [samples(AUDIO / name) for name in FILES]
        write_wav(path, np.resize(np.concatenate(sounds), int(minutes * 60 * 16_000)))
    return path
