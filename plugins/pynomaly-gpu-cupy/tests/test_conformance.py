"""The kit: on a GPU where there is one, else on NumPy; and on two more array libraries."""

from pynomaly.testing import conformance_tests

test_where_a_user_runs_them = conformance_tests("pynomaly_gpu_cupy")
test_on_array_api_strict = conformance_tests("on_strict", name="strict")
test_on_torch = conformance_tests("on_torch", name="torch")
