"""What the plugin offers, as data."""

from __future__ import annotations

from typing import Any

from pynomaly.ports.specs import Capability, DetectorSpec, EnvironmentSpec, Modality

_BELOW = (
    *("combo==0.1.3", "more-itertools>=10", "numpy>=2.2", "pandas>=2.2", "pyod>=3.6"),
    *("scikit-learn>=1.8", "scipy>=1.13", "stumpy==1.14.1"),
)
"""What TODS's algorithms use. TODS itself asks for NumPy 1.18, and more that they do not need."""

_TODS = ("tods==0.0.2",)

ENVIRONMENTS: tuple[EnvironmentSpec, ...] = (
    EnvironmentSpec(
        id="tods.core",
        title="TODS 0.0.2",
        summary="TODS, for its algorithms without a neural network.",
        python=">=3.11",
        requirements=_BELOW,
        no_deps=_TODS,
        overlay=True,
        factory="pynomaly_tods.worker:ready",
    ),
    EnvironmentSpec(
        id="tods.keras",
        title="TODS 0.0.2 with keras 3",
        summary="TODS, with keras 3 on torch for its neural networks.",
        python=">=3.11",
        requirements=(*_BELOW, "keras==3.15.1", "torch==2.13.0"),
        no_deps=_TODS,
        overlay=True,
        variables={"KERAS_BACKEND": "torch"},
        start_seconds=300.0,
        factory="pynomaly_tods.worker:ready_with_keras",
    ),
)

_BASE = frozenset({Capability.INDUCTIVE, Capability.SEEDED})
_REFITTED = _BASE | {Capability.SAVES, Capability.STORES_TRAINING_DATA}


def _spec(name: str, cls: str, *, environment: str = "core", **rest: Any) -> DetectorSpec:
    return DetectorSpec(
        id=f"tods.{name}",
        factory="pynomaly_tods.worker:create",
        params=f"pynomaly_tods.params:{cls}Params",
        modalities=frozenset({Modality.SERIES}),
        environment=f"tods.{environment}",
        docs="https://tods-doc.github.io",
        **rest,
    )


DETECTORS: tuple[DetectorSpec, ...] = (
    _spec(
        "autoregod",
        "AutoRegOD",
        title="Autoregression",
        summary="Error of a linear prediction from the steps before; of several columns the worst.",
        capabilities=_REFITTED,
        family="prediction",
        time="n·window²·d",
        space="n·d",
        min_rows=22,
        paper="Aggarwal, C. C. (2017). Outlier Analysis, 2nd ed., ch. 9. Springer.",
    ),
    _spec(
        "multiautoregod",
        "MultiAutoRegOD",
        title="Autoregression of each column",
        summary="Errors of linear predictions of each column, standardised and combined.",
        capabilities=_REFITTED,
        family="prediction",
        time="n·window²·d",
        space="n·d",
        min_rows=22,
        paper="Aggarwal, C. C. (2017). Outlier Analysis, 2nd ed., ch. 9. Springer.",
    ),
    _spec(
        "kdiscord",
        "KDiscord",
        title="k-discord",
        summary="Distance of a window to the k-th nearest other one.",
        capabilities=_REFITTED,
        family="neighbours",
        time="n log n·window·d, towards n²",
        space="n·window·d",
        row_limit=50_000,
        min_rows=100,
        paper=(
            "Ramaswamy, S., Rastogi, R., Shim, K. (2000). Efficient algorithms for mining outliers"
            " from large data sets. SIGMOD. doi:10.1145/342009.335437"
        ),
    ),
    _spec(
        "pca",
        "PCA",
        title="Principal components of windows",
        summary="Weighted distance of a window to the principal components of all.",
        capabilities=_REFITTED,
        family="linear",
        time="n·(window·d)²",
        space="n·d",
        min_rows=100,
        paper=(
            "Shyu, M.-L. et al. (2003). A novel anomaly detection scheme based on principal"
            " component classifier. ICDM Foundation and New Direction of Data Mining workshop."
        ),
    ),
    _spec(
        "matrixprofile",
        "MatrixProfile",
        title="Matrix profile",
        summary="Distance of a window's shape to the nearest other one of the same series.",
        capabilities=frozenset({Capability.SEEDED}),
        family="neighbours",
        time="n²·d",
        space="n·d",
        row_limit=50_000,
        min_rows=100,
        paper=(
            "Yeh, C.-C. M. et al. (2016). Matrix profile I: all pairs similarity joins for time"
            " series. ICDM. doi:10.1109/ICDM.2016.0179"
        ),
    ),
    _spec(
        "lstmod",
        "LSTMOD",
        environment="keras",
        title="LSTM outlier detector",
        summary="Relative error of a recurrent network that predicts the next step.",
        capabilities=_BASE,
        family="deep",
        time="epochs·n·d",
        space="network",
        min_rows=20,
        expected_failures={
            "ranks_planted_anomalies_high": (
                "its errors are relative to the value itself, and so small where that is far off"
            )
        },
    ),
    _spec(
        "deeplog",
        "DeepLog",
        environment="keras",
        title="DeepLog",
        summary="Error of a stacked recurrent network that predicts the next step.",
        capabilities=_BASE,
        family="deep",
        time="epochs·n·window·d",
        space="network",
        min_rows=30,
        paper=(
            "Du, M., Li, F., Zheng, G., Srikumar, V. (2017). DeepLog: anomaly detection and"
            " diagnosis from system logs through deep learning. CCS. doi:10.1145/3133956.3134015"
        ),
    ),
    _spec(
        "telemanom",
        "Telemanom",
        environment="keras",
        title="Telemanom",
        summary="Smoothed error of a recurrent network that predicts the next steps.",
        capabilities=_BASE,
        family="deep",
        time="epochs·n·window·d",
        space="network",
        min_rows=30,
        paper=(
            "Hundman, K. et al. (2018). Detecting spacecraft anomalies using LSTMs and"
            " nonparametric dynamic thresholding. KDD. doi:10.1145/3219819.3219845"
        ),
    ),
)
