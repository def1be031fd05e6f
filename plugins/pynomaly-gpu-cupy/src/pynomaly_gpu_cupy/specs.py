"""What the plugin offers, as data."""

from __future__ import annotations

from typing import Any

from pynomaly.ports.specs import Capability, DetectorSpec

_EVERY = frozenset(
    {
        Capability.INDUCTIVE,
        Capability.ROWWISE,
        Capability.SEEDED,
        Capability.THREAD_SAFE,
        Capability.SAVES,
        Capability.EXPLAINS,
        Capability.GPU,
    }
)
_KEEPS = _EVERY | {Capability.STORES_TRAINING_DATA}


def _spec(name: str, *, target: str, params: str, **rest: Any) -> DetectorSpec:
    return DetectorSpec(
        id=f"gpu-cupy.{name}",
        factory="pynomaly_gpu_cupy.detector:create",
        target=f"pynomaly_gpu_cupy.{target}",
        params=f"pynomaly_gpu_cupy.params:{params}",
        **{"capabilities": _EVERY, **rest},
    )


DETECTORS: tuple[DetectorSpec, ...] = (
    _spec(
        "ecod",
        title="ECOD",
        summary="Rows far out in the tails of each column's distribution, on a GPU or on NumPy.",
        target="tails:ECOD",
        params="TailParams",
        capabilities=_KEEPS,
        family="probability",
        time="d·n·log n; score n·d·log n",
        space="d·n, at most about d·8000",
        paper=(
            "Li, Z., Zhao, Y., Hu, X., Botta, N., Ionescu, C., Chen, G. (2022). ECOD: Unsupervised"
            " outlier detection using empirical cumulative distribution functions. TKDE."
            " doi:10.1109/TKDE.2022.3159580"
        ),
    ),
    _spec(
        "copod",
        title="COPOD",
        summary="Rows far out in the tails of an empirical copula, on a GPU or on NumPy.",
        target="tails:COPOD",
        params="TailParams",
        capabilities=_KEEPS,
        family="probability",
        time="d·n·log n; score n·d·log n",
        space="d·n, at most about d·8000",
        paper=(
            "Li, Z., Zhao, Y., Botta, N., Ionescu, C., Hu, X. (2020). COPOD: Copula-based outlier"
            " detection. ICDM. doi:10.1109/ICDM50108.2020.00135"
        ),
    ),
)
"""The detectors `gpu-cupy.*`."""
