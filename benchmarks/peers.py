"""What a PyOD user writes: `python -m benchmarks.peers IN OUT` scores a file."""

from __future__ import annotations

import sys

import pandas as pd
from pyod.models.iforest import IForest

source, target = sys.argv[1:]
is_csv = source.endswith(".csv")
frame = pd.read_csv(source) if is_csv else pd.read_parquet(source)
model = IForest().fit(frame)
frame["score"] = model.decision_scores_
frame["label"] = model.labels_
if is_csv:
    frame.to_csv(target, index=False)
else:
    frame.to_parquet(target, index=False)
