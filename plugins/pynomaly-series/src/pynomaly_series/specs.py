"""What the plugin offers, as data."""

from __future__ import annotations

from typing import Any

from pynomaly.ports.specs import Capability, DetectorSpec, Modality

_BASE = frozenset({Capability.INDUCTIVE, Capability.SEEDED, Capability.SAVES})


def _spec(name: str, cls: str, **rest: Any) -> DetectorSpec:
    return DetectorSpec(
        id=f"series.{name}",
        factory=f"pynomaly_series.{name}:{cls}",
        params=f"pynomaly_series.params:{cls}Params",
        modalities=frozenset({Modality.SERIES}),
        **rest,
    )


DETECTORS: tuple[DetectorSpec, ...] = (
    _spec(
        "matrix_profile",
        "MatrixProfile",
        title="Matrix Profile",
        summary="Distance of a window to the nearest other one, or its shape's to the nearest other shape.",
        capabilities=_BASE | {Capability.STORES_TRAINING_DATA},
        time="n²·c",
        space="n·c",
        row_limit=50_000,
        family="neighbours",
        min_rows=30,
        paper="Yeh, C.-C. M. et al. (2016). Matrix Profile I: all pairs similarity joins for time"
        " series. ICDM. doi:10.1109/ICDM.2016.0179",
        docs="https://stumpy.readthedocs.io",
    ),
    _spec(
        "spectral_residual",
        "SpectralResidual",
        title="Spectral Residual",
        summary="How much a step stands out of what the spectrum of its stretch leads to expect.",
        capabilities=_BASE | {Capability.THREAD_SAFE},
        time="1; to score n log n·c",
        space="1",
        family="spectral",
        min_rows=10,
        paper="Ren, H. et al. (2019). Time-series anomaly detection service at Microsoft. KDD."
        " doi:10.1145/3292500.3330680",
    ),
    _spec(
        "seasonal_residual",
        "SeasonalResidual",
        title="Seasonal Residual (STL)",
        summary="Distance from the usual course of a season, in robust standard deviations.",
        capabilities=_BASE | {Capability.THREAD_SAFE, Capability.EXPLAINS},
        time="n log n·c; to score n·c + season²·c",
        space="season·c",
        family="decomposition",
        min_rows=10,
        # A block left out of the middle would break the season in two.
        folds=None,
        paper="Cleveland, R. B. et al. (1990). STL: a seasonal-trend decomposition procedure based"
        " on loess. Journal of Official Statistics 6(1). Hochenbaum, J., Vallis, O. S., Kejariwal,"
        " A. (2017). Automatic anomaly detection in the cloud via statistical learning."
        " arXiv:1704.07706",
        docs="https://www.statsmodels.org/stable/generated/statsmodels.tsa.seasonal.STL.html",
    ),
)
