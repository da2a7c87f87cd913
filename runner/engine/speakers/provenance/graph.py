"""A graph in ONNX, written one operation after the other."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LARGE = 1024  # numbers from which on a constant is kept in half precision, and widened when the net is loaded
OPSET, FORMAT = 17, 8


class Graph:
    """Operations take names of values, or arrays, which become constants, and give the names of their results."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._names = 0

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

    def model(self, given: tuple[str, list[Any]], result: tuple[str, list[Any]], facts: dict[str, str]) -> bytes:
        """The file: what it takes and what it gives, each a name and a shape, and where it is from."""
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (given, result)]
        graph = helper.make_graph(self._nodes, "g", values[:1], values[1:], self._constants)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=FORMAT, producer_name="phonograph")
        helper.set_model_props(model, facts)
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())

    def _name(self, hint: str) -> str:
        self._names += 1
        return f"{hint}{self._names}"

    def _constant(self, value: Any) -> str:
        name = self._name("c")
        if value.dtype != np.float32 or value.size < LARGE:
            self._constants.append(numpy_helper.from_array(value, name))
            return name
        half = f"{name}_h"
        self._constants.append(numpy_helper.from_array(value.astype(np.float16), half))
        self._nodes.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
        return name
