"""What of the detectors' libraries is missing here."""

from importlib.util import find_spec

LIBRARIES = ("torch", "torch_geometric", "pygod", "safetensors")
MISSING = [name for name in LIBRARIES if find_spec(name) is None]
