"""From a spec, parameters and a seed to an unfitted PyOD object."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import attrs

from pynomaly.domain.errors import InvalidParams
from pynomaly.ports import DetectorSpec
from pynomaly_pyod.params import entries

_LSCP_NEIGHBOURS = (5, 10, 15, 20, 25, 30)
"""Neighbourhoods of the LOF detectors that LSCP chooses from, as in its paper."""


def build(spec: DetectorSpec, params: Any, seed: int, width: int) -> Any:
    """An unfitted object of the class that `spec.target` names.

    Its `contamination` stays at PyOD's default: it moves thresholds that nobody here reads.

    Args:
        spec: The detector.
        params: Instance of its params class.
        seed: For its random choices, at most 2^32 - 1.
        width: Columns of the data.

    Raises:
        InvalidParams: If PyOD refuses them, such as for a rule over several parameters.
    """
    chosen = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in attrs.asdict(params).items()
    }
    extra = _more(spec, params, seed, width)
    cls = target_class(spec.target)
    try:
        return cls(**{**chosen, **_fixed(spec.name, seed), **extra})
    except ValueError as error:
        raise InvalidParams(spec.id, [("params", str(error))]) from error


def target_class(target: str) -> Any:
    """The class that ``"module:Class"`` names."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def _fixed(name: str, seed: int) -> dict[str, Any]:
    """What no user chooses: the seed, one thread, silence."""
    signature = entries()[name]["signature"]
    silent = False if isinstance(signature.get("verbose"), bool) else 0
    values = {"random_state": seed, "random_seed": seed, "n_jobs": 1, "verbose": silent}
    return {key: value for key, value in values.items() if key in signature}


def _more(spec: DetectorSpec, params: Any, seed: int, width: int) -> dict[str, Any]:
    """Objects and sizes that some classes demand and no parameter carries."""
    match spec.name:
        case "deepsvdd":
            return {"n_features": width}
        case "lscp":
            lof = target_class("pyod.models.lof:LOF")
            return {"detector_list": [lof(n_neighbors=k) for k in _LSCP_NEIGHBOURS]}
        case "timeseriesod":  # PyOD would make the windows' detector without a seed
            name = params.detector.lower()
            return {"detector": target_class(entries()[name]["target"])(**_fixed(name, seed))}
    return {}
