"""Detectors that fit a linear (or kernelised linear) model of the rows."""

from __future__ import annotations

from pynomaly_pyod.catalogue.entry import (
    BATCHED,
    INDUCTIVE,
    PURE,
    SAVES,
    SEEDED,
    STORES,
    TRANSDUCTIVE,
    detector,
)

LINEAR = (
    detector(
        "pca:PCA",
        "Principal Component Analysis (PCA)",
        "Distance along the principal components, small ones weighing more; refuses data with"
        " a constant column.",
        capabilities=PURE,
        time="n d^2",
        space="d^2",
        folds=20,
        family="linear",
        paper="Shyu, Chen, Sarinnapakorn, Chang (2003). A Novel Anomaly Detection Scheme Based"
        " on Principal Component Classifier. IEEE Foundations and New Directions of Data Mining",
        expected_failures={
            "takes_a_constant_column": "PyOD divides by the component's variance, which is 0:"
            " scores turn NaN, and the adapter refuses them",
        },
    ),
    detector(
        "kpca:KPCA",
        "Kernel Principal Component Analysis (KPCA)",
        "Reconstruction error in the feature space of a kernel.",
        capabilities=BATCHED | {STORES},
        time="n^3",
        space="n^2",
        row_limit=3_000,
        folds=None,
        family="linear",
        paper="Hoffmann (2007). Kernel PCA for Novelty Detection. doi:10.1016/j.patcog.2006.07.009",
        expected_failures={
            "ranks_planted_anomalies_high": "all components are kept by default, and a far row"
            " that is fitted has one to itself: it is reconstructed as well as any",
        },
    ),
    detector(
        "mcd:MCD",
        "Minimum Covariance Determinant (MCD)",
        "Mahalanobis distance under a robust mean and covariance; for one elliptic cluster.",
        capabilities=PURE,
        time="n d^2",
        space="d^2",
        family="linear",
        paper="Rousseeuw, Van Driessen (1999). A Fast Algorithm for the Minimum Covariance"
        " Determinant Estimator. doi:10.1080/00401706.1999.10485670",
    ),
    detector(
        "cd:CD",
        "Cook's Distance (CD)",
        "Influence of a row on the regression of each column on the others; scores only the"
        " rows it is fitted on (`pyod.mcd` scores new ones).",
        capabilities=TRANSDUCTIVE,
        time="n^2 d + n d^3",
        space="d^2",
        row_limit=10_000,
        family="linear",
        paper="Cook (1977). Detection of Influential Observation in Linear Regression."
        " doi:10.1080/00401706.1977.10489493",
        min_rows=10,
        expected_failures={
            "takes_one_column": "it regresses each column on the others",
        },
    ),
    detector(
        "ocsvm:OCSVM",
        "One-Class Support Vector Machine (OCSVM)",
        "Distance outside the boundary that a kernel machine draws around most rows.",
        capabilities=PURE | {STORES},
        time="n^2 d to n^3 d",
        space="n d",
        row_limit=20_000,
        folds=None,
        family="linear",
        paper="Schölkopf, Platt, Shawe-Taylor, Smola, Williamson (2001). Estimating the Support"
        " of a High-Dimensional Distribution. doi:10.1162/089976601750264965",
    ),
    detector(
        "lmdd:LMDD",
        "Linear Method for Deviation Detection (LMDD)",
        "How much a row adds to the dissimilarity of a growing set; scores only the rows it is"
        " fitted on (`pyod.iforest` scores new ones).",
        capabilities=TRANSDUCTIVE,
        time="iterations n^2 d",
        space="n d",
        row_limit=2_000,
        family="linear",
        paper="Arning, Agrawal, Raghavan (1996). A Linear Method for Deviation Detection in"
        " Large Databases. KDD-96",
    ),
    detector(
        "rgraph:RGraph",
        "Representation Graph (R-Graph)",
        "Where random walks end on a graph of how rows represent each other; a score depends on"
        " its batch.",
        capabilities={INDUCTIVE, SAVES, SEEDED, STORES},
        time="n^2 d + steps n^2",
        space="n^2",
        row_limit=2_000,
        folds=None,
        family="graph",
        paper="You, Robinson, Vidal (2017). Provable Self-Representation Based Outlier"
        " Detection in a Union of Subspaces. arXiv:1704.03925",
        min_rows=12,
        expected_failures={
            "ranks_planted_anomalies_high": "it looks for rows outside a union of subspaces; in"
            " four full columns far rows represent all others, so that walks end on them",
        },
    ),
)
"""Their specs."""
