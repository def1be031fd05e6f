"""Fitted PyOD objects to bytes and back by skops, with our own list of types for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import skops.io

from pynomaly.ports import DetectorSpec
from pynomaly_pyod.building import target_class

_NEIGHBOURS = (
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    *(
        f"sklearn.metrics._dist_metrics.{name}Distance64"
        for name in (
            "BrayCurtis",
            "Canberra",
            "Chebyshev",
            "Euclidean",
            "Manhattan",
            "Minkowski",
        )
    ),
)
_TREE = ("sklearn.tree._tree.Tree",)

EXTRA_TYPES: Mapping[str, tuple[str, ...]] = {
    "abod": _NEIGHBOURS,
    "hdbscan": _NEIGHBOURS,
    "iforest": _TREE,
    "kde": _NEIGHBOURS,
    "knn": _NEIGHBOURS,
    "kpca": ("pyod.models.kpca.PyODKernelPCA",),
    "lof": _NEIGHBOURS,
    "lscp": ("pyod.models.lof.LOF", *_NEIGHBOURS),
    "sampling": _NEIGHBOURS,
    "timeseriesod": (
        *(
            f"pyod.models.{name.lower()}.{name}"
            for name in (
                "GMM",
                "HBOS",
                "IForest",
                "INNE",
                "KDE",
                "KNN",
                "LODA",
                "LOF",
                "MCD",
                "OCSVM",
                "PCA",
            )
        ),
        *_TREE,
        *_NEIGHBOURS,
    ),
}
"""Detector to the types, beyond its own class, that skops does not trust by itself."""


def trusted_types(spec: DetectorSpec) -> list[str]:
    """Every type that a saved object of `spec` may bring along."""
    return [spec.target.replace(":", "."), *EXTRA_TYPES.get(spec.name, ())]


def dump(model: Any) -> bytes:
    """The fitted object as bytes that execute nothing when they are read."""
    return bytes(skops.io.dumps(model))


def load(spec: DetectorSpec, data: bytes) -> Any:
    """The fitted object that `dump` wrote.

    Raises:
        ValueError: If the bytes bring types that this detector has no use for, or another class.
    """
    trusted = trusted_types(spec)
    foreign = sorted(set(skops.io.get_untrusted_types(data=data)) - set(trusted))
    if foreign:
        raise ValueError(
            f"the saved {spec.id} holds types that it has no use for: {', '.join(foreign)};"
            " do not use this file"
        )
    model = skops.io.loads(data, trusted=trusted)
    if type(model) is not target_class(spec.target):
        raise ValueError(f"what was saved is a {type(model).__name__}, not a {spec.target}")
    return model
