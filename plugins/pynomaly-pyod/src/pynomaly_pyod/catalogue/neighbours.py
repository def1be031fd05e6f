"""Detectors that compare a row with its neighbours or its cluster."""

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

NEIGHBOURS = (
    detector(
        "knn:KNN",
        "k Nearest Neighbours (kNN)",
        "Distance to the k-th nearest fitted row.",
        capabilities=BATCHED | {STORES},
        time="n log n in few columns, n^2 d in many",
        space="n d",
        row_limit=200_000,
        folds=20,
        family="neighbours",
        paper="Ramaswamy, Rastogi, Shim (2000). Efficient Algorithms for Mining Outliers from"
        " Large Data Sets. doi:10.1145/342009.335437",
        min_rows=6,
    ),
    detector(
        "lof:LOF",
        "Local Outlier Factor (LOF)",
        "Density around a row compared with the density around its neighbours.",
        capabilities=BATCHED | {STORES},
        time="n log n in few columns, n^2 d in many",
        space="n d",
        row_limit=200_000,
        family="neighbours",
        paper="Breunig, Kriegel, Ng, Sander (2000). LOF: Identifying Density-Based Local"
        " Outliers. doi:10.1145/342009.335388",
    ),
    detector(
        "cof:COF",
        "Connectivity-Based Outlier Factor (COF)",
        "As LOF, with the length of chains through the neighbours; scores only the rows it is"
        " fitted on (`pyod.lof` scores new ones).",
        capabilities=TRANSDUCTIVE,
        time="n^2 (d + log n)",
        space="n^2",
        row_limit=5_000,
        family="neighbours",
        paper="Tang, Chen, Fu, Cheung (2002). Enhancing Effectiveness of Outlier Detections for"
        " Low Density Patterns. doi:10.1007/3-540-47887-6_53",
        min_rows=3,
    ),
    detector(
        "cblof:CBLOF",
        "Cluster-Based Local Outlier Factor (CBLOF)",
        "Distance to the nearest large cluster; refuses data without large and small clusters.",
        capabilities=BATCHED,
        time="n k d per iteration",
        space="n + k d",
        family="clusters",
        paper="He, Xu, Deng (2003). Discovering Cluster-Based Local Outliers."
        " doi:10.1016/S0167-8655(03)00003-5",
        min_rows=20,
    ),
    detector(
        "loci:LOCI",
        "Local Correlation Integral (LOCI)",
        "Deviation of a row's neighbour count over all radii; scores only the rows it is fitted"
        " on (`pyod.lof` scores new ones).",
        capabilities=TRANSDUCTIVE,
        time="n^3",
        space="n^2",
        row_limit=500,
        family="neighbours",
        paper="Papadimitriou, Kitagawa, Gibbons, Faloutsos (2003). LOCI: Fast Outlier Detection"
        " Using the Local Correlation Integral. doi:10.1109/ICDE.2003.1260802",
        min_rows=20,
    ),
    detector(
        "hdbscan:HDBSCAN",
        "Hierarchical Density-Based Clustering (HDBSCAN)",
        "Weak membership in any cluster of varying density; many rows tie.",
        capabilities=BATCHED | {STORES},
        time="n log n to n^2",
        space="n d",
        row_limit=50_000,
        folds=None,
        family="clusters",
        paper="Campello, Moulavi, Sander (2013). Density-Based Clustering Based on Hierarchical"
        " Density Estimates. doi:10.1007/978-3-642-37456-2_14",
        min_rows=5,
    ),
    detector(
        "sod:SOD",
        "Subspace Outlier Detection (SOD)",
        "Deviation in the columns in which a row's neighbours agree; scores only the rows it is"
        " fitted on (`pyod.knn` scores new ones).",
        capabilities=TRANSDUCTIVE,
        time="n^2 (d + k)",
        space="n k",
        row_limit=5_000,
        family="neighbours",
        paper="Kriegel, Kröger, Schubert, Zimek (2009). Outlier Detection in Axis-Parallel"
        " Subspaces of High Dimensional Data. doi:10.1007/978-3-642-01307-2_86",
        min_rows=21,
    ),
    detector(
        "rod:ROD",
        "Rotation-Based Outlier Detection (ROD)",
        "Volume that a row sweeps in every three columns; a score depends on its batch, and"
        " its cost grows with d cubed (`pyod.mcd` is quicker).",
        capabilities={INDUCTIVE, SAVES, SEEDED},
        time="n d^3",
        space="d^3",
        family="neighbours",
        paper="Almardeny, Boujnah, Cleary (2020). A Novel Outlier Detection Method for"
        " Multivariate Data. doi:10.1109/TKDE.2020.3036524",
    ),
    detector(
        "sampling:Sampling",
        "Distance to a Sample",
        "Distance to the nearest of a few sampled rows.",
        capabilities=PURE | {STORES},
        time="n s d",
        space="s d",
        family="neighbours",
        paper="Sugiyama, Borgwardt (2013). Rapid Distance-Based Outlier Detection via Sampling."
        " Advances in Neural Information Processing Systems 26",
        min_rows=20,
    ),
)
"""Their specs."""
