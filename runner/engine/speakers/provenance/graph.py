"""A graph in ONNX, written one operation after the other."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

# In whole numbers, weights are of 7 bits: processors without VNNI add two products in 16 bits, where 255 * 63 twice is
# what fits. So all have the same results.
STEPS, MOST = 255, 63
SMALLEST = 1e-6  # that a weight in whole numbers is made for
LARGE = 1024  # numbers from which on a constant is kept in half precision, and widened when the net is loaded
OPSET, FORMAT = 17, 8
RUNTIME = "com.microsoft"  # operations that ONNX Runtime has beside those of ONNX

Floats = npt.NDArray[np.float32]


def in_whole_numbers(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Weights [..., N, K] as whole numbers of the same shape, and the step of each row, [..., N]."""
    steps = (np.maximum(np.abs(weights).max(axis=-1), SMALLEST) / MOST).astype(np.float32)
    return np.rint(weights / steps[..., None]).astype(np.int8), steps


class Graph:
    """Operations take names of values, or arrays, which become constants, and give the names of their results."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._names = 0
        self._steps: dict[str, np.float32] = {}  # of values of 8 bits

    def op(self, kind: str, inputs: list[Any], **attributes: Any) -> str:
        return self.ops(kind, inputs, 1, **attributes)[0]

    def ops(self, kind: str, inputs: list[Any], results: int, **attributes: Any) -> list[str]:
        """An operation of several results."""
        names = [self._name(kind.lower()) for _ in range(results)]
        self.end(kind, inputs, names, **attributes)
        return names

    def end(self, kind: str, inputs: list[Any], names: list[str], **attributes: Any) -> None:
        """An operation whose results have names of their own."""
        values = [value if isinstance(value, str) else self._constant(np.asarray(value)) for value in inputs]
        self._nodes.append(helper.make_node(kind, values, names, **attributes))

    def in_8_bits(self, value: str, low: float, high: float) -> str:
        """A value in 256 steps from `low` to `high`, of which one is zero."""
        low, high = min(low, 0.0), max(high, 0.0)
        step = np.float32((high - low) / STEPS)
        zero = np.uint8(round(-low / float(step)))
        result = self.op("DequantizeLinear", [self.op("QuantizeLinear", [value, step, zero]), step, zero])
        self._steps[result] = step
        return result

    def conv(self, value: str, kernel: Floats, bias: Floats, **attributes: Any) -> str:
        """A convolution, in whole numbers where its value is one of 8 bits."""
        step = self._steps.get(value)
        if step is None:
            return self.op("Conv", [value, kernel, bias], **attributes)
        flat, steps = in_whole_numbers(kernel.reshape(len(kernel), -1))
        weights = flat.reshape(kernel.shape)
        offsets = np.rint(bias / (steps * step)).astype(np.int32)
        parts = [self._widened(weights, steps), self._widened(offsets, steps * step)]
        return self.op("Conv", [value, *parts], **attributes)

    def model(self, given: tuple[str, list[Any]], result: tuple[str, list[Any]], facts: dict[str, str]) -> bytes:
        """The file: what it takes and what it gives, each a name and a shape, and where it is from."""
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (given, result)]
        graph = helper.make_graph(self._nodes, "g", values[:1], values[1:], self._constants)
        opsets = [helper.make_opsetid("", OPSET)]
        if any(node.domain == RUNTIME for node in self._nodes):
            opsets.append(helper.make_opsetid(RUNTIME, 1))
        model = helper.make_model(graph, opset_imports=opsets, ir_version=FORMAT, producer_name="phonograph")
        helper.set_model_props(model, facts)
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())

    def _name(self, hint: str) -> str:
        self._names += 1
        return f"{hint}{self._names}"

    def _widened(self, whole: npt.NDArray[Any], steps: Floats) -> str:
        """Whole numbers as what they stand for, a step for each first index."""
        return self.op("DequantizeLinear", [whole, steps, np.zeros(len(steps), whole.dtype)], axis=0)

    def _constant(self, value: Any) -> str:
        name = self._name("c")
        if value.dtype != np.float32 or value.size < LARGE:
            self._constants.append(numpy_helper.from_array(value, name))
            return name
        half = f"{name}_h"
        self._constants.append(numpy_helper.from_array(value.astype(np.float16), half))
        self._nodes.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
        return name
