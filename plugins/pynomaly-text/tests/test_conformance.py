from models import on_path

from pynomaly.testing import conformance_tests

on_path()
test_conformance = conformance_tests("pynomaly_text")
