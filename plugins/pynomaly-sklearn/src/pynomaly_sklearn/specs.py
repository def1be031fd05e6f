"""What the plugin offers, as data."""

from __future__ import annotations

from typing import Any

from pynomaly.ports.specs import Capability, DetectorSpec

_BASE = frozenset(
    {Capability.INDUCTIVE, Capability.SEEDED, Capability.THREAD_SAFE, Capability.SAVES}
)
_ROWWISE = _BASE | {Capability.ROWWISE}


def _spec(name: str, *, params: str, target: str, factory: str = "", **rest: Any) -> DetectorSpec:
    library, _, cls = target.rpartition(".")
    return DetectorSpec(
        id=f"sklearn.{name}",
        factory=f"pynomaly_sklearn.methods:{factory}"
        if factory
        else "pynomaly_sklearn.adapter:SklearnDetector",
        params=f"pynomaly_sklearn.params:{params}",
        target=f"sklearn.{library}:{cls}",
        docs=f"https://scikit-learn.org/stable/modules/generated/sklearn.{target}.html",
        **rest,
    )


DETECTORS: tuple[DetectorSpec, ...] = (
    _spec(
        "iforest",
        title="Isolation forest",
        summary="Rows that few random cuts isolate from a sample.",
        params="IForestParams",
        target="ensemble.IsolationForest",
        capabilities=_ROWWISE,
        family="isolation",
        time="trees·256·d; score n·trees·8",
        space="trees·512",
        paper=(
            "Liu, F. T., Ting, K. M., Zhou, Z.-H. (2008). Isolation forest. ICDM."
            " doi:10.1109/ICDM.2008.17"
        ),
    ),
    _spec(
        "lof",
        title="Local outlier factor",
        summary="Rows whose neighbourhood is sparser than their neighbours' neighbourhoods.",
        factory="LocalOutlierFactor",
        params="LOFParams",
        target="neighbors.LocalOutlierFactor",
        # Beyond 15 features its distances are matrix products.
        capabilities=_BASE | {Capability.STORES_TRAINING_DATA},
        family="neighbours",
        time="n log n·d up to 15 features, else n²·d",
        space="n·(d + neighbours)",
        row_limit=50_000,
        paper=(
            "Breunig, M. M., Kriegel, H.-P., Ng, R. T., Sander, J. (2000). LOF: identifying"
            " density-based local outliers. SIGMOD. doi:10.1145/342009.335388"
        ),
    ),
    _spec(
        "ocsvm",
        title="One-class SVM",
        summary="Rows outside a smooth boundary around the bulk of the data.",
        params="OCSVMParams",
        target="svm.OneClassSVM",
        capabilities=_ROWWISE | {Capability.STORES_TRAINING_DATA},
        folds=None,
        family="boundary",
        time="n² to n³·d; score n·nu·d a row",
        space="n·nu·d",
        row_limit=20_000,
        paper=(
            "Schölkopf, B., Platt, J. C., Shawe-Taylor, J., Smola, A. J., Williamson, R. C. (2001)."
            " Estimating the support of a high-dimensional distribution. Neural Computation 13(7)."
            " doi:10.1162/089976601750264965"
        ),
    ),
    _spec(
        "sgd_ocsvm",
        title="One-class SVM by stochastic gradient descent",
        summary="The one-class SVM with an approximated kernel: linear time, for many rows.",
        factory="SGDOneClassSVM",
        params="SGDOCSVMParams",
        target="linear_model.SGDOneClassSVM",
        capabilities=_ROWWISE | {Capability.STORES_TRAINING_DATA},
        family="boundary",
        time="n·components·d + components³",
        space="components·(components + d)",
        paper=(
            "Williams, C. K. I., Seeger, M. (2001). Using the Nyström method to speed up kernel"
            " machines. NIPS 13. https://papers.nips.cc/paper/1866; Bottou, L. (2010). Large-scale"
            " machine learning with stochastic gradient descent. COMPSTAT."
            " doi:10.1007/978-3-7908-2604-3_16"
        ),
    ),
    _spec(
        "elliptic_envelope",
        title="Robust covariance",
        summary="Rows far from the centre by a covariance that anomalies do not distort.",
        factory="EllipticEnvelope",
        params="EllipticEnvelopeParams",
        target="covariance.EllipticEnvelope",
        capabilities=_ROWWISE | {Capability.EXPLAINS},
        family="density",
        time="n·d² + d³, many times over",
        space="d²",
        fit_rows=100_000,
        paper=(
            "Rousseeuw, P. J., Van Driessen, K. (1999). A fast algorithm for the minimum covariance"
            " determinant estimator. Technometrics 41(3). doi:10.1080/00401706.1999.10485670"
        ),
    ),
    _spec(
        "gmm",
        title="Gaussian mixture",
        summary="Rows that a mixture of Gaussians finds unlikely.",
        factory="GaussianMixture",
        params="GMMParams",
        target="mixture.GaussianMixture",
        capabilities=_ROWWISE,
        family="density",
        time="n·components·d², per iteration",
        space="components·d²",
        paper=(
            "Dempster, A. P., Laird, N. M., Rubin, D. B. (1977). Maximum likelihood from incomplete"
            " data via the EM algorithm. JRSS B 39(1). doi:10.1111/j.2517-6161.1977.tb01600.x"
        ),
    ),
    _spec(
        "kde",
        title="Kernel density",
        summary="Rows where a smoothed histogram of all rows is thin.",
        factory="KernelDensity",
        params="KDEParams",
        target="neighbors.KernelDensity",
        capabilities=_ROWWISE | {Capability.STORES_TRAINING_DATA},
        family="density",
        time="n log n·d; score n·d a row",
        space="n·d",
        row_limit=20_000,
        paper=(
            "Parzen, E. (1962). On estimation of a probability density function and mode. Annals of"
            " Mathematical Statistics 33(3). doi:10.1214/aoms/1177704472"
        ),
    ),
    _spec(
        "pca",
        title="Principal component analysis",
        summary="Rows that the leading linear combinations of features cannot reconstruct.",
        factory="PCA",
        params="PCAParams",
        target="decomposition.PCA",
        capabilities=_ROWWISE | {Capability.EXPLAINS},
        family="reconstruction",
        time="n·d² + d³",
        space="components·d",
        paper=(
            "Jackson, J. E., Mudholkar, G. S. (1979). Control procedures for residuals associated"
            " with principal component analysis. Technometrics 21(3)."
            " doi:10.1080/00401706.1979.10489779"
        ),
    ),
)
"""The detectors `sklearn.*`."""
