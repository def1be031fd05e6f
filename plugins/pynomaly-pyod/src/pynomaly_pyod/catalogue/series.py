"""Detectors on series: X has one row per time step, in order, and one column per channel."""

from __future__ import annotations

from pynomaly.ports import Modality, Status
from pynomaly_pyod.catalogue.entry import (
    BATCHED,
    INDUCTIVE,
    INSTALL_TORCH,
    SEEDED,
    STORES,
    TORCH,
    TRANSDUCTIVE,
    detector,
)

_SERIES = (Modality.SERIES,)

SERIES = (
    detector(
        "ts_od:TimeSeriesOD",
        "Sliding Windows",
        "Any detector on sliding windows of a series; a step scores as its worst window does.",
        capabilities=BATCHED | {STORES},
        time="that of its detector on n windows",
        space="that of its detector",
        family="windows",
        paper="Chen, Qian, Siu, Hu, Li, Li, Qin, Yang, Xiao, Ye, Zhang, Dong, Zhao (2024). PyOD"
        " 2: A Python Library for Outlier Detection with LLM-powered Model Selection."
        " arXiv:2412.12154",
        modalities=_SERIES,
        min_rows=60,
    ),
    detector(
        "ts_matrix_profile:MatrixProfile",
        "Matrix Profile (STOMP)",
        "Distance of a window to its nearest other window; scores only the series it is fitted"
        " on (`pyod.kshape` scores new ones).",
        capabilities=TRANSDUCTIVE,
        time="n^2",
        space="n",
        row_limit=50_000,
        family="windows",
        paper="Yeh, Zhu, Ulanova, Begum, Ding, Dau, Silva, Mueen, Keogh (2016). Matrix Profile"
        " I. doi:10.1109/ICDM.2016.0179",
        modalities=_SERIES,
        expected_failures={
            "takes_a_constant_column": "windows are scaled to unit variance, and a constant"
            " channel has none: the adapter refuses it",
        },
        min_rows=75,
    ),
    detector(
        "ts_spectral_residual:SpectralResidual",
        "Spectral Residual",
        "What is unexpected in the spectrum of a series, as a saliency per time step.",
        capabilities=BATCHED,
        time="n log n",
        space="1",
        family="spectral",
        paper="Ren, Xu, Wang, Yi, Huang, Kou, Xing, Yang, Tong, Zhang (2019). Time-Series"
        " Anomaly Detection Service at Microsoft. doi:10.1145/3292500.3330680",
        modalities=_SERIES,
        min_rows=3,
    ),
    detector(
        "ts_kshape:KShape",
        "k-Shape",
        "Distance of a window's shape to the nearest of k typical shapes.",
        capabilities=BATCHED,
        time="n k window iterations",
        space="k window",
        row_limit=50_000,
        family="windows",
        paper="Paparrizos, Gravano (2015). k-Shape: Efficient and Accurate Clustering of Time"
        " Series. doi:10.1145/2723372.2737793",
        modalities=_SERIES,
        expected_failures={
            "ranks_planted_anomalies_high": "shapes are scaled: a stretch that is only far out is"
            " one of noise"
        },
        min_rows=60,
    ),
    detector(
        "ts_sand:SAND",
        "Streaming Subsequence Anomaly Detection (SAND)",
        "Distance of a window's shape to typical shapes that follow the series.",
        capabilities=BATCHED,
        time="n k window",
        space="k window",
        row_limit=50_000,
        family="windows",
        paper="Boniol, Paparrizos, Palpanas, Franklin (2021). SAND: Streaming Subsequence"
        " Anomaly Detection. doi:10.14778/3467861.3467863",
        modalities=_SERIES,
        status=Status.EXPERIMENTAL,
        min_rows=60,
    ),
    detector(
        "ts_lstm:LSTMAD",
        "LSTM Prediction Error (LSTM-AD)",
        "Error of a recurrent network that predicts the next time step.",
        capabilities={INDUCTIVE, SEEDED},
        time="epochs n weights",
        space="weights",
        family="deep",
        paper="Malhotra, Vig, Shroff, Agarwal (2015). Long Short Term Memory Networks for"
        " Anomaly Detection in Time Series. ESANN 2015",
        modalities=_SERIES,
        requires=TORCH,
        install=INSTALL_TORCH,
        min_rows=60,
    ),
    detector(
        "ts_anomaly_transformer:AnomalyTransformer",
        "Anomaly Transformer",
        "Association discrepancy of an attention network over windows.",
        capabilities={INDUCTIVE, SEEDED},
        time="epochs n window d^2",
        space="weights",
        family="deep",
        paper="Xu, Wu, Wang, Long (2022). Anomaly Transformer: Time Series Anomaly Detection"
        " with Association Discrepancy. arXiv:2110.02642",
        modalities=_SERIES,
        requires=TORCH,
        install=INSTALL_TORCH,
        status=Status.EXPERIMENTAL,
        min_rows=110,
    ),
)
"""Their specs."""
