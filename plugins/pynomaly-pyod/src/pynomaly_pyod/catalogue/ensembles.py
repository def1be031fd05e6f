"""Detectors that combine many simple ones."""

from __future__ import annotations

from pynomaly.ports import Status, Supervision
from pynomaly_pyod.catalogue.entry import (
    BATCHED,
    INDUCTIVE,
    NO_LABELS,
    PURE,
    SAVES,
    SEEDED,
    STORES,
    detector,
)

ENSEMBLES = (
    detector(
        "iforest:IForest",
        "Isolation Forest",
        "How few random splits isolate a row; a good first choice.",
        capabilities=PURE,
        time="n t log s",
        space="t s",
        family="isolation",
        paper="Liu, Ting, Zhou (2008). Isolation Forest. doi:10.1109/ICDM.2008.17",
    ),
    detector(
        "inne:INNE",
        "Isolation by Nearest-Neighbour Ensembles (iNNE)",
        "How large the hyperspheres are that cover a row, over many small samples.",
        capabilities=BATCHED | {STORES},
        time="n t s d",
        space="t s d",
        family="isolation",
        paper="Bandaragoda, Ting, Albrecht, Liu, Zhu, Wells (2018). Isolation-Based Anomaly"
        " Detection Using Nearest-Neighbor Ensembles. doi:10.1111/coin.12156",
        min_rows=3,
    ),
    detector(
        "loda:LODA",
        "Lightweight On-line Detector of Anomalies (LODA)",
        "Low counts in the histograms of sparse random projections.",
        capabilities=BATCHED,
        time="n t d",
        space="t (bins + d)",
        family="ensemble",
        paper="Pevný (2016). Loda: Lightweight On-line Detector of Anomalies."
        " doi:10.1007/s10994-015-5521-0",
    ),
    detector(
        "lscp:LSCP",
        "Locally Selective Combination in Parallel Outlier Ensembles (LSCP)",
        "For each row the LOF detectors that agree best with all others nearby.",
        capabilities={INDUCTIVE, SAVES, SEEDED, STORES},
        time="n (t LOF + region)",
        space="t n d",
        row_limit=20_000,
        family="ensemble",
        paper="Zhao, Nasrullah, Hryniewicki, Li (2019). LSCP: Locally Selective Combination in"
        " Parallel Outlier Ensembles. doi:10.1137/1.9781611975673.66",
        min_rows=40,
    ),
    detector(
        "feature_bagging:FeatureBagging",
        "Feature Bagging",
        "LOF on many random subsets of the columns.",
        capabilities={INDUCTIVE, SEEDED},
        time="t LOF",
        space="t n d",
        row_limit=100_000,
        family="ensemble",
        paper="Lazarevic, Kumar (2005). Feature Bagging for Outlier Detection."
        " doi:10.1145/1081870.1081891",
        requires=("combo",),
        install='pip install "pynomaly-pyod[combo]"',
        expected_failures={"takes_one_column": "it draws subsets of two columns or more"},
    ),
    detector(
        "suod:SUOD",
        "Scalable Unsupervised Outlier Detection (SUOD)",
        "Several detectors on random projections, their scores combined.",
        capabilities={INDUCTIVE, SEEDED},
        time="sum of its detectors",
        space="sum of its detectors",
        row_limit=100_000,
        family="ensemble",
        paper="Zhao, Hu, Cheng, Wang, Wan, Wang, Yang, Bai, Li, Xiao, Wang, Qiao, Sun, Akoglu"
        " (2021). SUOD: Accelerating Large-Scale Unsupervised Heterogeneous Outlier Detection."
        " arXiv:2003.05731",
        requires=("suod", "combo"),
        install='pip install "pynomaly-pyod[suod,combo]"',
    ),
    detector(
        "xgbod:XGBOD",
        "Extreme Gradient Boosting Outlier Detection (XGBOD)",
        "Boosted trees on the columns and the scores of unsupervised detectors; it learns from"
        " labels, which a fit does not pass yet.",
        capabilities=(),
        time="n d t log n",
        space="t nodes + n d",
        row_limit=100_000,
        family="ensemble",
        paper="Zhao, Hryniewicki (2018). XGBOD: Improving Supervised Outlier Detection with"
        " Unsupervised Representation Learning. doi:10.1109/IJCNN.2018.8489605",
        supervision=Supervision.SUPERVISED,
        requires=("xgboost",),
        install='pip install "pynomaly-pyod[xgboost]"',
        status=Status.EXPERIMENTAL,
        expected_failures=NO_LABELS,
    ),
)
"""Their specs."""
