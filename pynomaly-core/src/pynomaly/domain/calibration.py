"""From scores to p-values: conformal where rows were held out, ranks where there were none."""

from __future__ import annotations

from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Exchangeability = Literal["assumed", "violated"]
CalibrationMethod = Literal["cross-fitted", "held-out", "blocks", "ranks"]

_LARGE = 100_000


@attrs.frozen(eq=False)
class Calibration:
    """Scores to compare new ones with.

    Attributes:
        method: ``"cross-fitted"`` (K folds), ``"held-out"`` (one split), ``"blocks"`` (folds or a
            split of time steps that follow each other), or ``"ranks"``: within one batch, without
            a reference; then a p-value is a rank and promises no rate.
        scores: Ascending, shape (n,).
        clean: Whether the reference was declared free of anomalies, or cleaned by labels.
        exchangeability: ``"violated"`` where rows follow each other in time.
    """

    method: CalibrationMethod
    scores: Scores
    clean: bool = False
    exchangeability: Exchangeability = "assumed"

    @property
    def smallest_p(self) -> float:
        """Smallest p-value that any score can reach."""
        n = len(self.scores)
        return 1.0 / n if self.method == "ranks" else 1.0 / (n + 1)

    def p_values(self, scores: Scores) -> Scores:
        """The share of calibration scores at least as high, shape (n,), in (0, 1].

        Conformal: ``(1 + #{calibration >= s}) / (n + 1)`` (Vovk, Gammerman, Shafer 2005;
        Bates et al. 2023, doi 10.1214/22-AOS2244). Ranks: ``#{batch >= s} / n``.
        """
        n = len(self.scores)
        at_least = n - _count_below(self.scores, scores)
        if self.method == "ranks":
            ranks: Scores = at_least / n
            return ranks
        conformal: Scores = (1 + at_least) / (n + 1)
        return conformal

    def summary(self) -> dict[str, object]:
        """What every result says about its calibration, JSON-ready."""
        return {
            "method": self.method,
            "rows": len(self.scores),
            "smallest_p": self.smallest_p,
            "clean_reference": self.clean,
            "exchangeability": self.exchangeability,
        }


def _count_below(ascending: Scores, values: Scores) -> npt.NDArray[np.intp]:
    """For each value, how many of `ascending` are less, shape (n,)."""
    if len(ascending) < _LARGE:
        return np.searchsorted(ascending, values, side="left")
    # Searched for in ascending order, values that lie close together share the cache.
    order = np.argsort(values)
    counts = np.empty(len(values), dtype=np.intp)
    counts[order] = np.searchsorted(ascending, values[order], side="left")
    return counts
