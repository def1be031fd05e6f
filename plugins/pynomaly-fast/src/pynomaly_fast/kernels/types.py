"""Types of the kernels' arguments. Arguments that are only read may be read-only arrays."""

from __future__ import annotations

from numba import types

COUNT = types.int64
OUT = types.Array(types.float64, 1, "C")
OUT_MATRIX = types.Array(types.float64, 2, "C")
VECTOR = types.Array(types.float64, 1, "C", readonly=True)
MATRIX = types.Array(types.float64, 2, "C", readonly=True)
UINT_MATRIX = types.Array(types.uint32, 2, "C", readonly=True)
INDEXES = types.Array(types.int64, 1, "C", readonly=True)
INDEX_MATRIX = types.Array(types.int64, 2, "C", readonly=True)
FLOAT32_MATRIX = types.Array(types.float32, 2, "C", readonly=True)
FLOAT32_TENSOR = types.Array(types.float32, 3, "C", readonly=True)
