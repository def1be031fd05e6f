from pynomaly.testing import conformance_tests

test_conformance = conformance_tests("pynomaly_series")
