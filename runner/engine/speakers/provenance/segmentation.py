"""pyannote's segmentation 3.0 (https://github.com/pyannote/pyannote-audio) as a graph: samples [B, 1, N] to
log-probabilities of the seven sets of up to two of three voices [B, F, 7].

Its LSTMs multiply whole numbers, which takes half the time: of the frames of 14 windows 99.7 % have the same set as
with the net as it was.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.speakers.provenance.graph import RUNTIME, Graph, in_whole_numbers

Weights = dict[str, Any]
LAYERS, HIDDEN = 4, 128
ABSENT = ("", "", "", "")  # lengths, first states and peepholes, which an LSTM may be given
LOWEST, NARROWEST, HIGHEST = 50, 50, 8000  # Hz, of the filters
FACTS = {"source": "pyannote/segmentation-3.0", "license": "MIT"}


def segmentation(checkpoint: Any) -> bytes:
    """The net."""
    weights = {name: value for name, value in checkpoint["state_dict"].items() if isinstance(value, np.ndarray)}
    graph = Graph()
    value = _filters(graph, weights)
    value = graph.op("Transpose", [value], perm=[2, 0, 1])
    for layer in range(LAYERS):
        value = lstm(graph, weights, layer, value)
    for number in range(2):
        value = _leaky(graph, _linear(graph, weights, f"linear.{number}", value))
    value = _linear(graph, weights, "classifier", value)
    value = graph.op("Transpose", [value], perm=[1, 0, 2])
    graph.end("LogSoftmax", [value], ["sets"], axis=-1)
    return graph.model(("samples", ["B", 1, "N"]), ("sets", ["B", "F", 7]), FACTS)


def _filters(graph: Graph, weights: Weights) -> str:
    """SincNet: band passes of the sound itself, and two convolutions."""
    value = _norm(graph, weights, "sincnet.wav_norm1d", "samples")
    for number in range(3):
        if number == 0:
            value = graph.op("Abs", [graph.op("Conv", [value, band_passes(weights)], strides=[10])])
        else:
            name = f"sincnet.conv1d.{number}"
            value = graph.op("Conv", [value, weights[f"{name}.weight"], weights[f"{name}.bias"]])
        value = graph.op("MaxPool", [value], kernel_shape=[3], strides=[3])
        value = _leaky(graph, _norm(graph, weights, f"sincnet.norm1d.{number}", value))
    return value


def band_passes(weights: Weights) -> npt.NDArray[np.float32]:
    """The kernels of the first convolution: the cosine and the sine of each band, as in Asteroid's filter bank."""
    name = "sincnet.conv1d.0.filterbank."
    times, window = weights[f"{name}n_"], weights[f"{name}window_"]
    low = LOWEST + np.abs(weights[f"{name}low_hz_"])
    high = np.clip(low + NARROWEST + np.abs(weights[f"{name}band_hz_"]), LOWEST, HIGHEST)
    width = high - low
    lower, upper = low @ times, high @ times
    even = (np.sin(upper) - np.sin(lower)) / (times / 2) * window
    odd = (np.cos(lower) - np.cos(upper)) / (times / 2) * window
    cosines = np.concatenate([even, 2 * width, even[:, ::-1]], axis=1)
    sines = np.concatenate([odd, 0 * width, -odd[:, ::-1]], axis=1)
    kernels = np.concatenate([cosines, sines]) / np.concatenate([2 * width, 2 * width])
    return np.asarray(kernels, np.float32)[:, None]


def onnx_gates(weight: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """PyTorch has the gates of an LSTM as input, forget, cell, output; ONNX as input, output, forget, cell."""
    parts = np.split(weight, 4)
    return np.concatenate([parts[i] for i in (0, 3, 1, 2)])


def lstm(graph: Graph, weights: Weights, layer: int, value: str) -> str:
    """One layer, in both directions: [F, B, inputs] to [F, B, 2 * HIDDEN]."""

    def both(kind: str) -> npt.NDArray[np.float32]:
        names = [f"lstm.{kind}_l{layer}{direction}" for direction in ("", "_reverse")]
        return np.stack([onnx_gates(weights[name]) for name in names]).astype(np.float32)

    def whole(kind: str) -> list[npt.NDArray[Any]]:
        numbers, steps = in_whole_numbers(both(kind))
        return [numbers.transpose(0, 2, 1), steps, np.zeros(steps.shape, np.int8)]

    inputs, *input_steps = whole("weight_ih")
    states, *state_steps = whole("weight_hh")
    bias = np.concatenate([both("bias_ih"), both("bias_hh")], axis=1)
    given = [value, inputs, states, bias, *ABSENT, *input_steps, *state_steps]
    net: dict[str, Any] = {"domain": RUNTIME, "hidden_size": HIDDEN, "direction": "bidirectional"}
    value = graph.ops("DynamicQuantizeLSTM", given, 3, **net)[0]
    value = graph.op("Transpose", [value], perm=[0, 2, 1, 3])
    return graph.op("Reshape", [value, np.array([0, 0, 2 * HIDDEN], np.int64)])


def _linear(graph: Graph, weights: Weights, name: str, value: str) -> str:
    product = graph.op("MatMul", [value, weights[f"{name}.weight"].T.copy()])
    return graph.op("Add", [product, weights[f"{name}.bias"]])


def _norm(graph: Graph, weights: Weights, name: str, value: str) -> str:
    given = [value, weights[f"{name}.weight"], weights[f"{name}.bias"]]
    return graph.op("InstanceNormalization", given, epsilon=1e-5)


def _leaky(graph: Graph, value: str) -> str:
    return graph.op("LeakyRelu", [value], alpha=0.01)
