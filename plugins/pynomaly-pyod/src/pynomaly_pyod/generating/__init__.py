"""Writes `parameters.json`, the table of every PyOD detector's parameters.

`python -m pynomaly_pyod.generating` reads the installed PyOD's source, so that it needs none of
its optional requirements. What the source cannot say (help, ranges) is in `rules`, reviewed.
"""
