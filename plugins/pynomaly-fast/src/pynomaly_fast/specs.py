"""What the plugin offers, as data."""

from __future__ import annotations

from pynomaly.ports.specs import Capability, DetectorSpec, Modality

_EVERY = frozenset(
    {
        Capability.INDUCTIVE,
        Capability.ROWWISE,
        Capability.SEEDED,
        Capability.THREAD_SAFE,
        Capability.SAVES,
    }
)

DETECTORS: tuple[DetectorSpec, ...] = (
    DetectorSpec(
        id="fast.iforest",
        title="Isolation forest",
        summary="Rows that few random cuts isolate from a sample; the default for tables.",
        factory="pynomaly_fast.iforest:IForest",
        params="pynomaly_fast.params:IForestParams",
        capabilities=_EVERY | {Capability.EXPLAINS},
        family="isolation",
        time="trees·256·d; score n·trees·8",
        space="trees·512",
        fit_rows=100_000,
        default_for=frozenset({Modality.TABULAR, Modality.TEXT, Modality.GRAPH}),
        paper=(
            "Liu, F. T., Ting, K. M., Zhou, Z.-H. (2008). Isolation forest. ICDM."
            " doi:10.1109/ICDM.2008.17"
        ),
    ),
    DetectorSpec(
        id="fast.ecod",
        title="ECOD",
        summary="Rows far out in the tails of each column's empirical distribution; no parameters.",
        factory="pynomaly_fast.tails:ECOD",
        params="pynomaly_fast.params:TailParams",
        capabilities=_EVERY | {Capability.EXPLAINS, Capability.STORES_TRAINING_DATA},
        family="probability",
        time="d·n·log n; score n·d·log n",
        space="d·n, at most about d·8000",
        paper=(
            "Li, Z., Zhao, Y., Hu, X., Botta, N., Ionescu, C., Chen, G. (2022). ECOD: Unsupervised"
            " outlier detection using empirical cumulative distribution functions. TKDE."
            " doi:10.1109/TKDE.2022.3159580"
        ),
    ),
    DetectorSpec(
        id="fast.copod",
        title="COPOD",
        summary="Rows far out in the tails of an empirical copula, on each column's skewed side.",
        factory="pynomaly_fast.tails:COPOD",
        params="pynomaly_fast.params:TailParams",
        capabilities=_EVERY | {Capability.EXPLAINS, Capability.STORES_TRAINING_DATA},
        family="probability",
        time="d·n·log n; score n·d·log n",
        space="d·n, at most about d·8000",
        paper=(
            "Li, Z., Zhao, Y., Botta, N., Ionescu, C., Hu, X. (2020). COPOD: Copula-based outlier"
            " detection. ICDM. doi:10.1109/ICDM50108.2020.00135"
        ),
    ),
    DetectorSpec(
        id="fast.hbos",
        title="Histogram-based outlier score",
        summary="Rows in low bins of each column's histogram.",
        factory="pynomaly_fast.histograms:HBOS",
        params="pynomaly_fast.params:HBOSParams",
        capabilities=_EVERY | {Capability.EXPLAINS},
        family="density",
        time="n·d",
        space="d·bins",
        paper=(
            "Goldstein, M., Dengel, A. (2012). Histogram-based outlier score (HBOS): A fast"
            " unsupervised anomaly detection algorithm. KI: Poster and Demo Track."
        ),
    ),
    DetectorSpec(
        id="fast.loda",
        title="LODA",
        summary="Rows in low bins of the histograms of many sparse random projections.",
        factory="pynomaly_fast.histograms:LODA",
        params="pynomaly_fast.params:LODAParams",
        capabilities=_EVERY | {Capability.EXPLAINS},
        family="density",
        time="n·cuts·sqrt d",
        space="cuts·bins",
        paper=(
            "Pevny, T. (2016). Loda: Lightweight on-line detector of anomalies. Machine Learning."
            " doi:10.1007/s10994-015-5521-0"
        ),
    ),
    DetectorSpec(
        id="fast.knn",
        title="k nearest neighbours",
        summary="Rows far from their nearest training rows; exact, or approximate with a recall.",
        factory="pynomaly_fast.knn:KNN",
        params="pynomaly_fast.params:KNNParams",
        capabilities=_EVERY | {Capability.EXPLAINS, Capability.STORES_TRAINING_DATA},
        folds=20,
        family="neighbours",
        time="n·log n; score n²·d at worst",
        space="n·d",
        row_limit=200_000,
        default_for=frozenset({Modality.SERIES}),
        paper=(
            "Ramaswamy, S., Rastogi, R., Shim, K. (2000). Efficient algorithms for mining outliers"
            " from large data sets. SIGMOD. doi:10.1145/342009.335437"
        ),
    ),
)
"""The detectors `fast.*`, the default first."""
