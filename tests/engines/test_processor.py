import platform
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from oyez.engines.moonshine.convert.builder import Builder
from oyez.engines.moonshine.convert.kernels import Numbers
from oyez.engines.moonshine.convert.weights import Matrix
from oyez.engines.moonshine.processor import DEPTH, KEPT_COLUMNS, PROBE, best_numbers

CPUINFO = Path("/proc/cpuinfo")
ADDS_IN_32_BITS = {"avx512_vnni", "avx_vnni", "amx_int8"}


def test_the_probe_holds_two_products_of_unsigned_by_signed_bytes() -> None:
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node(
                "ConstantOfShape",
                ["shape"],
                ["kept"],
                value=helper.make_tensor("v", TensorProto.INT8, [1], [127]),
            ),
            helper.make_node("MatMulInteger", ["activations", "kept"], ["sums_of_kept"]),
            helper.make_node("MatMulInteger", ["activations", "weights"], ["sums"]),
        ],
        "probe",
        [
            value("activations", TensorProto.UINT8, ["rows", DEPTH]),
            value("weights", TensorProto.INT8, [DEPTH, "columns"]),
        ],
        [value(name, TensorProto.INT32, None) for name in ("sums_of_kept", "sums")],
        [helper.make_tensor("shape", TensorProto.INT64, [2], [DEPTH, KEPT_COLUMNS])],
    )
    opsets = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="")
    assert onnx.load_model_from_string(PROBE) == model


@pytest.mark.parametrize("rows", [1, 2, 4, 16, 65, 200])
@pytest.mark.parametrize("depth", [64, 288, 417])
def test_this_machine_multiplies_rightly_as_it_is_told_to(rows: int, depth: int) -> None:
    random = np.random.default_rng(rows)
    weights = random.choice(np.array([-128, -100, 0, 100, 127]), (depth, 96))
    weights[:, 0], weights[:, 1] = 127, -128
    activations = random.integers(200, 256, (rows, depth))
    activations[0] = 255
    graph = Builder("product", best_numbers())
    rounded = (
        graph.input("values", ("rows", depth), TensorProto.UINT8),
        graph.constant("scale", np.float32(1)),
        graph.constant("zero", np.uint8(0)),
    )
    matrix = Matrix(weights.astype(np.int8), 1.0, 0)
    graph.output(graph.product_of("weights", rounded[0], rounded, matrix), ("rows", 96))
    session = ort.InferenceSession(graph.model(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"values": activations.astype(np.uint8)})
    # Whole numbers of this size are exact as floats.
    assert np.array_equal(found, activations @ weights)


@pytest.mark.skipif(
    platform.system() != "Linux" or platform.machine() != "x86_64",
    reason="only Linux on x86 tells in this way what its processor has",
)
def test_signed_products_are_found_right_where_the_processor_adds_in_32_bits() -> None:
    lines = CPUINFO.read_text("utf-8", errors="replace").splitlines()
    flags = next(line for line in lines if line.startswith("flags")).split()
    if "avx2" in flags:
        numbers = Numbers.SIGNED if ADDS_IN_32_BITS & set(flags) else Numbers.UNSIGNED
        assert best_numbers() is numbers
    assert best_numbers() in {Numbers.SIGNED, Numbers.UNSIGNED}
