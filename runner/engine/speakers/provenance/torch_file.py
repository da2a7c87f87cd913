"""The tensors of a PyTorch checkpoint as arrays, without PyTorch, and without running anything that a pickle names."""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

TYPES = {
    "FloatStorage": np.float32,
    "DoubleStorage": np.float64,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}


class Opaque:
    """Stands for an object of any class that is no tensor; nothing is called but this."""

    def __new__(cls, *_: object, **__: object) -> "Opaque":
        return object.__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


def read_tensors(path: Path) -> Any:
    """What the checkpoint holds, tensors as arrays, in the shape that it was saved in."""
    with zipfile.ZipFile(path) as archive:
        pickled = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        folder = pickled.removesuffix("data.pkl")

        def bytes_of(key: str) -> bytes:
            return archive.read(f"{folder}data/{key}")

        return _Reader(archive.read(pickled), bytes_of).load()


class _Reader(pickle.Unpickler):
    def __init__(self, content: bytes, bytes_of: Callable[[str], bytes]) -> None:
        super().__init__(io.BytesIO(content))
        self._bytes_of = bytes_of

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in TYPES:
            return TYPES[name]
        return type(name, (Opaque,), {})

    def persistent_load(self, pid: Any) -> Any:
        _, kind, key, *_ = pid
        return kind, key

    def _tensor(self, storage: Any, offset: int, shape: Any, strides: Any, *_: object) -> npt.NDArray[Any]:
        kind, key = storage
        flat = np.frombuffer(self._bytes_of(key), kind)[offset:]
        steps = [stride * flat.itemsize for stride in strides]
        return np.lib.stride_tricks.as_strided(flat, shape, steps).copy()
