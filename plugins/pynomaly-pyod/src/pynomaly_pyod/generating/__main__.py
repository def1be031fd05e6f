"""Write `parameters.json` anew: `python -m pynomaly_pyod.generating`."""

from __future__ import annotations

from pynomaly_pyod.catalogue import DETECTORS
from pynomaly_pyod.generating.source import models_folder, signatures
from pynomaly_pyod.generating.table import as_text, table
from pynomaly_pyod.params import TABLE

if __name__ == "__main__":
    names = {spec.target: spec.name for spec in DETECTORS}
    TABLE.write_text(as_text(table(signatures(models_folder()), names)), encoding="utf-8")
