"""What is known of every detector that PyOD ships: reviewed by hand, verified by tests.

PyOD's own knowledge base is not trusted: it names wrong requirements and some wrong sources.
"""

from pynomaly_pyod.catalogue.deep import DEEP
from pynomaly_pyod.catalogue.ensembles import ENSEMBLES
from pynomaly_pyod.catalogue.linear import LINEAR
from pynomaly_pyod.catalogue.neighbours import NEIGHBOURS
from pynomaly_pyod.catalogue.other_data import OTHER_DATA
from pynomaly_pyod.catalogue.probabilistic import PROBABILISTIC
from pynomaly_pyod.catalogue.series import SERIES

DETECTORS = (
    *PROBABILISTIC,
    *LINEAR,
    *NEIGHBOURS,
    *ENSEMBLES,
    *DEEP,
    *SERIES,
    *OTHER_DATA,
)
"""Specs of all of them."""
