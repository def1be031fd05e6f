"""A temporary folder for what can be read only once, or lies elsewhere."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path


class Scratch:
    """A folder that goes when nothing holds it any more, or the program ends."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="pynomaly-")
        self.folder = Path(folder)
        self.remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        """Called, it removes the folder at once."""
