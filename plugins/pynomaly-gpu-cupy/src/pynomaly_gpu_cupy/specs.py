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
        "iforest",
        title="Isolation forest",
        summary="Rows that few random cuts isolate from a sample, on a GPU or on NumPy.",
        target="iforest:IForest",
        params="IForestParams",
        family="isolation",
        time="trees·256·d; score n·trees·8",
        space="trees·512",
        fit_rows=100_000,
        paper=(
            "Liu, F. T., Ting, K. M., Zhou, Z.-H. (2008). Isolation forest. ICDM."
            " doi:10.1109/ICDM.2008.17"
        ),
    ),
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
    _spec(
        "hbos",
        title="Histogram-based outlier score",
        summary="Rows in low bins of each column's histogram, on a GPU or on NumPy.",
        target="histograms:HBOS",
        params="HBOSParams",
        family="density",
        time="d·n·log n; score n·d",
        space="d·bins",
        paper=(
            "Goldstein, M., Dengel, A. (2012). Histogram-based outlier score (HBOS): A fast"
            " unsupervised anomaly detection algorithm. KI: Poster and Demo Track."
        ),
    ),
    _spec(
        "loda",
        title="LODA",
        summary="Rows in low bins of many sparse random projections, on a GPU or on NumPy.",
        target="histograms:LODA",
        params="LODAParams",
        family="density",
        time="cuts·n·log n; score n·cuts·sqrt d",
        space="cuts·bins",
        paper=(
            "Pevny, T. (2016). Loda: Lightweight on-line detector of anomalies. Machine Learning."
            " doi:10.1007/s10994-015-5521-0"
        ),
    ),
    _spec(
        "knn",
        title="k nearest neighbours",
        summary="Rows far from their nearest training rows; exact, on a GPU or on NumPy.",
        target="knn:KNN",
        params="KNNParams",
        capabilities=_KEEPS,
        family="neighbours",
        time="n·d; score n²·d",
        space="n·d",
        row_limit=200_000,
        paper=(
            "Ramaswamy, S., Rastogi, R., Shim, K. (2000). Efficient algorithms for mining outliers"
            " from large data sets. SIGMOD. doi:10.1145/342009.335437"
        ),
    ),
    _spec(
        "pca",
        title="Principal component analysis",
        summary="Rows that leading components cannot reconstruct, on a GPU or on NumPy.",
        target="pca:PCA",
        params="PCAParams",
        family="reconstruction",
        time="n·d² + d³",
        space="d²",
        paper=(
            "Jackson, J. E., Mudholkar, G. S. (1979). Control procedures for residuals associated"
            " with principal component analysis. Technometrics 21(3)."
            " doi:10.1080/00401706.1979.10489779"
        ),
    ),
)
"""The detectors `gpu-cupy.*`."""
