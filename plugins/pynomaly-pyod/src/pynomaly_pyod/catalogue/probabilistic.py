"""Detectors that model each column's or all columns' distribution."""

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

_ONE_COLUMN = "MAD takes exactly one column, and the check gives four"

PROBABILISTIC = (
    detector(
        "ecod:ECOD",
        "Empirical Cumulative Distribution Outlier Detection (ECOD)",
        "Tail probabilities of each column, added up; a score depends on its batch, so serve"
        " `fast.ecod` instead.",
        capabilities={INDUCTIVE, SAVES, SEEDED, STORES},
        time="d n log n; scoring m rows: d (n + m) log(n + m)",
        space="n d",
        family="probabilistic",
        paper="Li, Zhao, Hu, Botta, Ionescu, Chen (2022). ECOD: Unsupervised Outlier Detection"
        " Using Empirical Cumulative Distribution Functions. doi:10.1109/TKDE.2022.3159580",
    ),
    detector(
        "copod:COPOD",
        "Copula-Based Outlier Detection (COPOD)",
        "Empirical copula's tail probabilities; a score depends on its batch, so serve"
        " `fast.copod` instead.",
        capabilities={INDUCTIVE, SAVES, SEEDED, STORES},
        time="d n log n; scoring m rows: d (n + m) log(n + m)",
        space="n d",
        family="probabilistic",
        paper="Li, Zhao, Botta, Ionescu, Hu (2020). COPOD: Copula-Based Outlier Detection."
        " doi:10.1109/ICDM50108.2020.00135",
    ),
    detector(
        "abod:ABOD",
        "Angle-Based Outlier Detection (ABOD)",
        "Variance of the angles under which a row sees its neighbours; refuses data with many"
        " duplicates.",
        capabilities=PURE | {STORES},
        time="n log n + n k^2 d; method 'default': n^3 d",
        space="n d",
        row_limit=100_000,
        folds=20,
        family="probabilistic",
        paper="Kriegel, Schubert, Zimek (2008). Angle-Based Outlier Detection in"
        " High-Dimensional Data. doi:10.1145/1401890.1401946",
        min_rows=7,
    ),
    detector(
        "mad:MAD",
        "Median Absolute Deviation (MAD)",
        "Distance from the median in robust standard deviations; takes exactly one column.",
        capabilities=PURE,
        time="n",
        space="1",
        family="probabilistic",
        paper="Iglewicz, Hoaglin (1993). How to Detect and Handle Outliers. ASQC Quality Press",
        min_rows=3,
        expected_failures=dict.fromkeys(
            (
                "gives_one_finite_score_per_row",
                "ranks_planted_anomalies_high",
                "leaves_its_input_alone",
                "prints_nothing",
                "fits_the_fewest_rows_it_names",
                "takes_a_constant_column",
                "takes_float32_values",
                "scores_new_rows",
                "takes_one_row",
                "scores_or_refuses_huge_values",
                "repeats_itself_with_the_same_seed",
                "scores_the_same_once_saved",
                "saves_no_rows_it_does_not_declare",
                "scores_a_row_alone_as_among_others",
                "scores_the_same_in_threads",
            ),
            _ONE_COLUMN,
        ),
    ),
    detector(
        "sos:SOS",
        "Stochastic Outlier Selection (SOS)",
        "Probability that no other row would choose a row as its neighbour; scores only the"
        " rows it is fitted on (`pyod.lof` scores new ones).",
        capabilities=TRANSDUCTIVE,
        time="n^2 d",
        space="n^2",
        row_limit=5_000,
        family="probabilistic",
        paper="Janssens, Huszár, Postma, van den Herik (2012). Stochastic Outlier Selection."
        " Tilburg Centre for Creative Computing, TR 2012-001",
        min_rows=7,
    ),
    detector(
        "qmcd:QMCD",
        "Quasi-Monte Carlo Discrepancy (QMCD)",
        "How much a row disturbs the uniformity of the fitted rows (wrap-around discrepancy).",
        capabilities=PURE | {STORES},
        time="n^2 d",
        space="n d",
        row_limit=50_000,
        folds=None,
        family="probabilistic",
        paper="Fang, Ma (2001). Wrap-Around L2-Discrepancy of Random Sampling, Latin Hypercube"
        " and Uniform Designs. doi:10.1006/jcom.2001.0589",
    ),
    detector(
        "kde:KDE",
        "Kernel Density Estimation (KDE)",
        "Low density under a Gaussian kernel.",
        capabilities=PURE | {STORES},
        time="n^2 d",
        space="n d",
        row_limit=20_000,
        family="density",
        paper="Latecki, Lazarevic, Pokrajac (2007). Outlier Detection with Kernel Density"
        " Functions. doi:10.1007/978-3-540-73499-4_6",
    ),
    detector(
        "gmm:GMM",
        "Gaussian Mixture Model (GMM)",
        "Low likelihood under a mixture of Gaussians.",
        capabilities=BATCHED,
        time="n k d^2 per iteration",
        space="k d^2",
        family="density",
        paper="Aggarwal (2017). Outlier Analysis, chapter 2. doi:10.1007/978-3-319-47578-3",
    ),
    detector(
        "hbos:HBOS",
        "Histogram-Based Outlier Score (HBOS)",
        "Low counts in each column's histogram, added up; the quickest, blind to correlation.",
        capabilities=PURE,
        time="n d",
        space="bins d",
        family="density",
        paper="Goldstein, Dengel (2012). Histogram-Based Outlier Score (HBOS): A Fast"
        " Unsupervised Anomaly Detection Algorithm. KI-2012: Poster and Demo Track",
    ),
)
"""Their specs."""
