"""``python -m pynomaly``."""

from pynomaly.cli import main

main()
