"""The published graphs of moonshine-tiny with floats in place of bytes, to compare with.

Every product of bytes becomes a product of the floats that its weights stand for; all else stays as
it was published. Read with onnxruntime's own schema, so that it owes nothing to oyez's converter.
"""

import importlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

_FUSED = "com.microsoft"


def in_floats(path: Path, inputs: Mapping[str, int], output: str, branch: str = "") -> bytes:
    """Rewrite a published graph.

    Args:
        path: A model in onnxruntime's format.
        inputs: ONNX types of the inputs, by name.
        output: Name of the output.
        branch: Attribute of the graph's conditional node that holds the nodes to take.
    """
    folder = Path(ort.__file__).parent / "tools" / "ort_format_model"
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    schema = importlib.import_module("ort_flatbuffers_py.fbs.InferenceSession")
    main = schema.InferenceSession.GetRootAs(path.read_bytes(), 0).Model().Graph()
    graphs = [main, *_branches(main, branch)]
    constants = {
        tensor.Name().decode(): _array(tensor)
        for graph in graphs
        for tensor in (graph.Initializers(i) for i in range(graph.InitializersLength()))
    }
    nodes = [node for graph in graphs for node in _nodes(graph) if node.op_type != "If"]
    rewritten = [new for node in nodes for new in _rewrite(node, constants)]
    values = [helper.make_tensor_value_info(name, kind, None) for name, kind in inputs.items()]
    used = {name for node in rewritten for name in node.input}
    graph = helper.make_graph(
        _sorted(rewritten, {*constants, *inputs, ""}, output),
        "floats",
        values,
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        initializer=[numpy_helper.from_array(constants[n], n) for n in constants if n in used],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(_FUSED, 1)]
    data: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
    return data


def _branches(graph: Any, name: str) -> Iterator[Any]:
    for node in (graph.Nodes(i) for i in range(graph.NodesLength())):
        for attribute in (node.Attributes(i) for i in range(node.AttributesLength())):
            if attribute.Name() == name.encode() and name:
                yield attribute.G()


def _nodes(graph: Any) -> Iterator[onnx.NodeProto]:
    for node in (graph.Nodes(i) for i in range(graph.NodesLength())):
        if not node.OpType():
            continue
        made = helper.make_node(
            node.OpType().decode(),
            [node.Inputs(i).decode() for i in range(node.InputsLength())],
            [node.Outputs(i).decode() for i in range(node.OutputsLength())],
            domain=(node.Domain() or b"").decode(),
        )
        for attribute in (node.Attributes(i) for i in range(node.AttributesLength())):
            value = _value(attribute)
            if value is not None:
                made.attribute.append(helper.make_attribute(attribute.Name().decode(), value))
        yield made


def _value(attribute: Any) -> Any:
    kind = attribute.Type()
    if kind == onnx.AttributeProto.FLOAT:
        return attribute.F()
    if kind == onnx.AttributeProto.INT:
        return attribute.I()
    if kind == onnx.AttributeProto.STRING:
        return attribute.S()
    if kind == onnx.AttributeProto.INTS:
        return [attribute.Ints(i) for i in range(attribute.IntsLength())]
    if kind == onnx.AttributeProto.TENSOR:
        return numpy_helper.from_array(_array(attribute.T()))
    assert kind == onnx.AttributeProto.GRAPH
    return None


def _array(tensor: Any) -> Any:
    dtype = helper.tensor_dtype_to_np_dtype(tensor.DataType())
    shape = [tensor.Dims(i) for i in range(tensor.DimsLength())]
    return np.frombuffer(tensor.RawDataAsNumpy().tobytes(), dtype).reshape(shape)


def _rewrite(node: onnx.NodeProto, constants: dict[str, Any]) -> list[onnx.NodeProto]:
    names = list(node.input)
    if node.op_type == "DynamicQuantizeMatMul":
        value, weights, scale, zero, bias = (*names, "")[:5]
    elif node.op_type == "MatMulIntegerToFloat":
        value, bias = names[0].removesuffix("_quantized"), ""
        weights, scale, zero = names[1], names[3], names[5]
    else:
        return [node]
    [output] = node.output
    whole = constants[weights].astype(np.float32) - np.float32(constants[zero])
    constants[f"{output}.weights"] = whole * constants[scale]
    product = f"{output}.product" if bias else output
    made = [helper.make_node("MatMul", [value, f"{output}.weights"], [product])]
    return [*made, helper.make_node("Add", [product, bias], [output])] if bias else made


def _sorted(nodes: list[onnx.NodeProto], known: set[str], output: str) -> list[onnx.NodeProto]:
    """Put the nodes that lead to the output in order; the file's is another."""
    makers = {name: node for node in nodes for name in node.output if name}
    ordered: list[onnx.NodeProto] = []
    waiting = [output]
    while waiting:
        if waiting[-1] in known:
            waiting.pop()
            continue
        node = makers[waiting[-1]]
        missing = [name for name in node.input if name not in known]
        if missing:
            waiting += missing
            continue
        ordered.append(node)
        known.update(node.output)
    return ordered
