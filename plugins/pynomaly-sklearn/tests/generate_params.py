"""Writes `pynomaly_sklearn/params.py` from what the installed scikit-learn declares.

Run it when `test_params.py` says that scikit-learn has changed:
``python tests/generate_params.py``. Types, bounds, choices and defaults come from scikit-learn;
the sentences, the search ranges and every departure from scikit-learn stand below.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from numbers import Integral
from pathlib import Path
from typing import Any

from sklearn.covariance import EllipticEnvelope
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import SGDOneClassSVM
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity, LocalOutlierFactor
from sklearn.svm import OneClassSVM
from sklearn.utils._param_validation import Hidden, Interval, StrOptions

PARAMS_FILE = Path(__file__).parents[1] / "src" / "pynomaly_sklearn" / "params.py"

LEFT_OUT = {
    "contamination": "Pynomaly decides by calibrated p-values",
    "random_state": "Pynomaly passes its seed",
    "n_jobs": "Pynomaly decides how much runs at once",
    "verbose": "Pynomaly's detectors print nothing",
    "verbose_interval": "Pynomaly's detectors print nothing",
    "warm_start": "Pynomaly fits each detector once",
    "novelty": "Pynomaly always scores new rows too",
    "store_precision": "scores need it",
    "whiten": "a reconstruction does not depend on it",
    "copy": "Pynomaly's matrices are read-only",
    "metric_params": "not plain data",
    "weights_init": "not plain data",
    "means_init": "not plain data",
    "precisions_init": "not plain data",
    "kernel_params": "not plain data",
}
"""Parameters of scikit-learn that no detector offers, each with the reason."""

LEFT_OUT_OF = {
    Nystroem: {
        "kernel": "the radial basis function, whose scores can be made row by row",
        "coef0": "the kernel has none",
        "degree": "the kernel has none",
    },
}
"""The same, of one class."""

_METRIC = "Distance between rows."
_MAX_ITER = "Most iterations; a fit that stops there is logged."
_LEAF = "Rows in a leaf of the search tree: speed and memory, not scores."
_SEARCH = "How neighbours are searched."

HELP: dict[type, dict[str, str]] = {
    IsolationForest: {
        "n_estimators": "Number of trees.",
        "max_samples": "Rows that each tree is grown on: a number, a share, or at most 256.",
        "max_features": "Share of the features that each tree sees.",
        "bootstrap": "Whether a tree may draw the same row twice.",
    },
    LocalOutlierFactor: {
        "n_neighbors": "Neighbours that a row's density is compared with.",
        "algorithm": _SEARCH,
        "leaf_size": _LEAF,
        "metric": _METRIC,
        "p": "Power of the Minkowski distance: 1 is Manhattan, 2 is Euclidean.",
    },
    OneClassSVM: {
        "kernel": "Kernel of the boundary.",
        "degree": "Degree of the polynomial kernel.",
        "gamma": "Width of the kernel: 1 / (d · variance), 1 / d, or a number.",
        "coef0": "Constant of the polynomial and the sigmoid kernel.",
        "tol": "Tolerance at which the solver stops.",
        "nu": "Upper bound on the share of training rows outside the boundary.",
        "shrinking": "Whether the solver sets settled rows aside: speed, not scores.",
        "cache_size": "Memory of the kernel cache, in MB.",
        "max_iter": "Most iterations of the solver; -1 sets no limit.",
    },
    SGDOneClassSVM: {
        "nu": "Upper bound on the share of training rows outside the boundary.",
        "fit_intercept": "Whether the boundary has an offset.",
        "max_iter": "Most passes over the rows; a fit that stops there is logged.",
        "tol": "Gain below which the passes stop; null goes through all of them.",
        "shuffle": "Whether the rows are shuffled after each pass.",
        "learning_rate": "How the step shrinks.",
        "eta0": "First step, unless the learning rate is optimal.",
        "power_t": "Exponent of the learning rate invscaling.",
        "average": "Whether weights are averaged over steps; a number says from which step on.",
    },
    Nystroem: {
        "gamma": "Width of the kernel; null is 1 / d.",
        "n_components": "Training rows that the kernel is approximated with.",
    },
    EllipticEnvelope: {
        "assume_centered": "Whether the centre is known to be the origin.",
        "support_fraction": "Share of the rows that the estimate rests on; null is just over half.",
    },
    GaussianMixture: {
        "n_components": "Number of Gaussians.",
        "covariance_type": "Shape of the Gaussians.",
        "tol": "Gain in likelihood below which the fit stops.",
        "reg_covar": "Added to the diagonal of the covariances, to keep them positive.",
        "max_iter": _MAX_ITER,
        "n_init": "Starts, of which the best is kept.",
        "init_params": "How the fit starts.",
    },
    KernelDensity: {
        "bandwidth": "Width of the kernel: a number, or a rule that takes n and d.",
        "algorithm": _SEARCH,
        "kernel": "Kernel; of scikit-learn's six the two that are positive everywhere.",
        "metric": _METRIC,
        "atol": "Absolute error of the density that is allowed for speed.",
        "rtol": "Relative error of the density that is allowed for speed.",
        "breadth_first": "Order in which the search tree is walked: speed, not scores.",
        "leaf_size": _LEAF,
    },
    PCA: {
        "n_components": "Components to keep: a number, or the share of variance to reach.",
        "svd_solver": "How the components are computed.",
        "tol": "Tolerance of the solver arpack.",
        "iterated_power": "Power iterations of the solver randomized.",
        "n_oversamples": "Extra random vectors of the solver randomized.",
        "power_iteration_normalizer": "Normaliser of the solver randomized.",
    },
}
"""One sentence for each parameter that is offered."""

TREE_METRICS = ("chebyshev", "euclidean", "manhattan")
SET = {
    # Each without the types that say the same again, or something odd.
    (IsolationForest, "max_features"): {"types": ("float",)},
    (LocalOutlierFactor, "n_neighbors"): {"types": ("int",)},
    (LocalOutlierFactor, "p"): {"types": ("float",), "ge": 1},  # below 1 it is no metric
    # The other metrics are for other data, need parameters, or repeat one of these.
    (LocalOutlierFactor, "metric"): {"options": (*TREE_METRICS, "minkowski")},
    (OneClassSVM, "kernel"): {"options": ("linear", "poly", "rbf", "sigmoid")},
    (KernelDensity, "metric"): {"options": TREE_METRICS},
    # The other kernels give every row that is far from all training rows a density of 0.
    (KernelDensity, "kernel"): {"options": ("exponential", "gaussian")},
    # scikit-learn keeps all components, and then nothing is left to measure. The best of .5, .7,
    # .8, .9, .95 and one component on 24 tables of ADBench.
    (PCA, "n_components"): {"types": ("int", "float"), "default": 0.7},
    (Nystroem, "gamma"): {"gt": 0},
}
"""Departures from scikit-learn: its choices narrowed, its default or bounds replaced.

Bandwidth and kernel of `KernelDensity` stay: features are standardised, so a bandwidth of 1 is one
standard deviation, and on 24 tables of ADBench it found more than Scott's rule (AP .363, .342).
"""

TUNE = {
    (IsolationForest, "n_estimators"): (50, 500),
    (LocalOutlierFactor, "n_neighbors"): (5, 100),
    (OneClassSVM, "nu"): (0.01, 0.5),
    (OneClassSVM, "gamma"): (0.001, 1.0),
    (SGDOneClassSVM, "nu"): (0.01, 0.5),
    (Nystroem, "n_components"): (50, 500),
    (EllipticEnvelope, "support_fraction"): (0.5, 1.0),
    (GaussianMixture, "n_components"): (1, 20),
    (GaussianMixture, "covariance_type"): ("diag", "full", "spherical", "tied"),
    (KernelDensity, "bandwidth"): (0.05, 2.0),
    (KernelDensity, "kernel"): ("exponential", "gaussian"),
    (PCA, "n_components"): (0.3, 0.99),
}
"""What a tuner may search."""

CLASSES: dict[str, tuple[type, ...]] = {
    "IForestParams": (IsolationForest,),
    "LOFParams": (LocalOutlierFactor,),
    "OCSVMParams": (OneClassSVM,),
    "SGDOCSVMParams": (SGDOneClassSVM, Nystroem),
    "EllipticEnvelopeParams": (EllipticEnvelope,),
    "GMMParams": (GaussianMixture,),
    "KDEParams": (KernelDensity,),
    "PCAParams": (PCA,),
}
"""Params class to the classes of scikit-learn that it is for."""

HEADER = '''\
"""Parameters of the detectors `sklearn.*`.

Generated by ``tests/generate_params.py`` from scikit-learn's own declarations: change that, and
run it again.
"""

from __future__ import annotations

from typing import Literal

import attrs

from pynomaly.ports.params import param


def _check_share(name: str, value: object) -> None:
    if isinstance(value, float) and not 0 < value <= 1:
        raise ValueError(f"{name} {value!r} must be an integer, or a share between 0 and 1")
'''


def params_source() -> str:
    """The text of the module `pynomaly_sklearn.params`."""
    return HEADER + "".join(_class_source(name, targets) for name, targets in CLASSES.items())


def _class_source(name: str, targets: tuple[type, ...]) -> str:
    titles = " and ".join(f"`sklearn.{_home(target)}.{target.__name__}`" for target in targets)
    lines = ["", "", "@attrs.frozen(kw_only=True)", f"class {name}:"]
    lines += [f'    """For {titles}."""', ""]
    shares = []
    for target in targets:
        for parameter in _offered(target):
            field, share = _field(target, parameter)
            lines += field
            shares += [parameter] if share else []
    if shares:
        lines += ["", "    def __attrs_post_init__(self) -> None:"]
        lines += [f'        _check_share("{share}", self.{share})' for share in shares]
    return "\n".join(lines) + "\n"


def _home(target: type) -> str:
    return target.__module__.split(".")[1]


def _offered(target: type) -> list[str]:
    """Names of the parameters to offer, in scikit-learn's order."""
    left_out = LEFT_OUT | LEFT_OUT_OF.get(target, {})
    names = [name for name in inspect.signature(target).parameters if name not in left_out]
    if odd := set(names) ^ set(HELP[target]):
        raise SystemExit(
            f"{target.__name__}: scikit-learn has added or removed {', '.join(sorted(odd))};"
            " give each a sentence in HELP, or a reason in LEFT_OUT"
        )
    return [name for name in names if name != "random_state"]


def _field(target: type, name: str) -> tuple[list[str], bool]:
    """The lines of one field, and whether its floats are shares beside whole numbers."""
    departure: dict[str, Any] = SET.get((target, name), {})
    kinds, options, bounds = _declared(target._parameter_constraints[name])  # type: ignore[attr-defined]
    if unknown := set(departure.get("options", ())) - options:
        raise SystemExit(f"{target.__name__}.{name}: scikit-learn does not know {unknown}")
    options = departure.get("options", () if "types" in departure else sorted(options))
    kinds = departure.get("types", kinds)
    default = departure.get("default", inspect.signature(target).parameters[name].default)
    if "float" in kinds and "int" not in kinds and type(default) is int:
        default = float(default)
    share = {"int", "float"} <= set(kinds)
    bounds = {"gt": 0} if share else next((bounds[kind] for kind in kinds if kind in bounds), {})
    bounds = {key: departure[key] for key in ("ge", "gt") if key in departure} or bounds
    lines = [f"    {name}: {_annotation(kinds, options)} = param("]
    lines += [f"        {_literal(default)},", f'        help="{HELP[target][name]}",']
    lines += [f"        {key}={bound}," for key, bound in sorted(bounds.items())]
    if (target, name) in TUNE:
        items = ", ".join(map(_literal, TUNE[target, name]))
        lines.append(f"        tune=({items}),")
    return [*lines, "    )"], share


def _declared(constraints: Iterable[Any]) -> tuple[list[str], set[str], dict[str, Any]]:
    """Types, choices, and bounds by type, of scikit-learn's constraints on one parameter."""
    kinds: list[str] = []
    options: set[str] = set()
    bounds: dict[str, dict[str, float]] = {}
    for constraint in constraints:
        if isinstance(constraint, Interval):
            kind = "int" if constraint.type is Integral else "float"
            kinds.append(kind)
            bounds[kind] = _bounds(constraint)
        elif isinstance(constraint, StrOptions):
            options |= constraint.options
        elif constraint == "boolean":
            kinds.append("bool")
        elif constraint is None:
            kinds.append("None")
        elif constraint is Integral:
            kinds.append("int")
        elif not (isinstance(constraint, Hidden) or callable(constraint) or constraint is dict):
            raise SystemExit(f"scikit-learn has a new kind of constraint: {constraint!r}")
    return sorted(kinds, key=("bool", "int", "float", "None").index), options, bounds


def _bounds(interval: Interval) -> dict[str, float]:
    bounds: dict[str, float] = {}
    if interval.left is not None and interval.left > float("-inf"):
        bounds["ge" if interval.closed in ("left", "both") else "gt"] = interval.left
    if interval.right is not None and interval.right < float("inf"):
        bounds["le" if interval.closed in ("right", "both") else "lt"] = interval.right
    return bounds


def _annotation(kinds: Iterable[str], options: Iterable[str]) -> str:
    literals = ", ".join(f'"{option}"' for option in options)
    choices = [f"Literal[{literals}]"] if literals else []
    numbers = [kind for kind in kinds if kind != "None"]
    return " | ".join([*numbers, *choices, *(["None"] if "None" in kinds else [])])


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


if __name__ == "__main__":
    PARAMS_FILE.write_text(params_source(), encoding="utf-8")
