"""Isolation forest (Liu, Ting, Zhou 2008): rows that few random cuts isolate are anomalous."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pynomaly.ports.specs import DetectorSpec
from pynomaly_fast.compiling import Kernels
from pynomaly_fast.growing import Floats, Trees, grow_trees, mean_path_length
from pynomaly_fast.params import IForestParams
from pynomaly_fast.walking import attribute, sum_lengths

_WORTH = 10_000_000
"""Walks (rows times trees) that NumPy takes while the kernel loads."""


class IForest:
    """Isolation forest. A score is 2^(-E[h] / c(psi)), in (0, 1].

    Sums of path lengths are exact, so that a score is the same bit for bit in any batch.
    """

    def __init__(self, spec: DetectorSpec, params: IForestParams, seed: int) -> None:
        self._params = params
        self._seed = seed
        self._kernels = Kernels("pynomaly_fast.kernels.forest", worth=_WORTH)

    def fit(self, X: Floats) -> IForest:
        """Grow the trees on samples of X, shape (n, d)."""
        rng = np.random.default_rng(self._seed)
        params = self._params
        self._trees = grow_trees(X, params.n_estimators, params.max_samples, rng)
        self._normal_length = float(mean_path_length(min(params.max_samples, len(X))))
        return self

    def score(self, X: Floats) -> Floats:
        """Score of each row of X, shape (n,); higher is more anomalous."""
        trees = self._trees
        compiled = self._kernels.for_work(len(X) * len(trees.length))
        if compiled is None:
            totals = sum_lengths(trees, X)
        else:
            totals = np.zeros(len(X))
            compiled.sum_lengths(
                trees.depth, trees.feature, trees.threshold, trees.length, X, totals
            )
        return np.exp2(totals / -(self._normal_length * len(trees.length)))

    def explain(self, X: Floats) -> Floats:
        """Contribution of each feature, shape (n, d).

        What each split on a row's paths took from the path length that was to be expected
        before it, by the split's feature. A row's contributions add up to log2 of its score,
        up to a constant of the forest.
        """
        return attribute(self._trees, X) / -(self._normal_length * len(self._trees.length))

    def get_state(self) -> Mapping[str, Any]:
        """The trees as arrays."""
        trees = self._trees
        return {
            "depth": trees.depth,
            "feature": trees.feature,
            "threshold": trees.threshold,
            "length": trees.length,
            "count": trees.count,
            "normal_length": self._normal_length,
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the fitted forest that gave `state`."""
        self._trees = Trees(
            state["depth"],
            state["feature"],
            state["threshold"],
            state["length"],
            state["count"],
        )
        self._normal_length = float(state["normal_length"])
