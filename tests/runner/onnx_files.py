"""Writes tiny ONNX models that always give the same output, without the onnx package.

Just enough of protobuf's wire format: an ONNX file is one message with varints and byte strings.
Field numbers are those of onnx.proto3 (IR version 8).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _value_info(name: str, shape: tuple[int, ...], element: int) -> bytes:
    dimensions = b"".join(_bytes(1, _number(1, size)) for size in shape)
    tensor = _number(1, element) + _bytes(2, dimensions)
    return _text(1, name) + _bytes(2, _bytes(1, tensor))


def write_constant_model(
    path: Path,
    output: NDArray[np.float32],
    *,
    names: str | None = None,
    input_shape: tuple[int, ...] = (1, 3, 64, 64),
    element: int = 1,
) -> Path:
    """A model with one image input that gives `output` whatever it sees. `element`: 1 float32, 7 int64, 10 float16."""
    data = np.ascontiguousarray(output, dtype=np.float32)
    tensor = b"".join(_number(1, size) for size in data.shape) + _number(2, 1) + _bytes(9, data.tobytes())
    constant = _text(1, "value") + _bytes(5, tensor) + _number(20, 4)
    node = _text(2, "output0") + _text(4, "Constant") + _bytes(5, constant)
    graph = (
        _bytes(1, node)
        + _text(2, "constant")
        + _bytes(11, _value_info("images", input_shape, element))
        + _bytes(12, _value_info("output0", data.shape, 1))
    )
    model = _number(1, 8) + _bytes(7, graph) + _bytes(8, _text(1, "") + _number(2, 17))
    if names is not None:
        model += _bytes(14, _text(1, "names") + _text(2, names))
    path.write_bytes(model)
    return path
