from pynomaly.testing import conformance_tests

SMALL = {
    "pyod.anomalytransformer": {
        "window_size": 20,
        "d_model": 16,
        "n_heads": 2,
        "n_layers": 1,
        "epochs": 2,
    },
    "pyod.lstmad": {"window_size": 20, "hidden_size": 16, "n_layers": 1, "epochs": 5},
}
"""Parameters of networks that take minutes for a fit with their defaults."""

test_conformance = conformance_tests("pynomaly_pyod", params=SMALL)
