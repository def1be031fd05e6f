"""Detectors on tables that train a neural network; all need torch."""

from __future__ import annotations

from pynomaly.ports import Status, Supervision
from pynomaly_pyod.catalogue.entry import (
    INDUCTIVE,
    INSTALL_TORCH,
    NO_LABELS,
    SEEDED,
    TORCH,
    detector,
)

_PLAIN = frozenset({INDUCTIVE, SEEDED})
_MIN_ROWS = 60
"""More than a training batch: PyOD drops what does not fill one."""

_UNCONVERGED = {
    "ranks_planted_anomalies_high": "a hundred rows make few batches, in which the adversaries"
    " do not converge with default parameters"
}

_TIME = "epochs n weights"
_SPACE = "weights"

DEEP = (
    detector(
        "auto_encoder:AutoEncoder",
        "Autoencoder",
        "Reconstruction error of a fully connected autoencoder.",
        capabilities=_PLAIN,
        time=_TIME,
        space=_SPACE,
        family="deep",
        paper="Aggarwal (2017). Outlier Analysis, chapter 3. doi:10.1007/978-3-319-47578-3",
        requires=("torch", "tqdm"),
        install=INSTALL_TORCH,
        min_rows=_MIN_ROWS,
    ),
    detector(
        "vae:VAE",
        "Variational Autoencoder (VAE)",
        "Reconstruction error of a variational autoencoder.",
        capabilities=_PLAIN,
        time=_TIME,
        space=_SPACE,
        family="deep",
        paper="Kingma, Welling (2014). Auto-Encoding Variational Bayes. arXiv:1312.6114",
        requires=("torch", "tqdm"),
        install=INSTALL_TORCH,
        min_rows=_MIN_ROWS,
    ),
    detector(
        "so_gaal:SO_GAAL",
        "Single-Objective Generative Adversarial Active Learning (SO-GAAL)",
        "A discriminator trained against generated outliers.",
        capabilities=_PLAIN,
        time=_TIME,
        space=_SPACE,
        family="deep",
        paper="Liu, Li, Zhou, Jiang, Sun, Wang, He (2020). Generative Adversarial Active"
        " Learning for Unsupervised Outlier Detection. doi:10.1109/TKDE.2019.2905606",
        requires=TORCH,
        install=INSTALL_TORCH,
        min_rows=_MIN_ROWS,
        expected_failures=_UNCONVERGED,
    ),
    detector(
        "so_gaal_new:SO_GAAL",
        "Single-Objective Generative Adversarial Active Learning (SO-GAAL, rewritten)",
        "PyOD's unfinished rewrite of `pyod.so_gaal`, which its own list leaves out.",
        name="so_gaal_new",
        capabilities=_PLAIN,
        time=_TIME,
        space=_SPACE,
        family="deep",
        paper="Liu, Li, Zhou, Jiang, Sun, Wang, He (2020). Generative Adversarial Active"
        " Learning for Unsupervised Outlier Detection. doi:10.1109/TKDE.2019.2905606",
        requires=("torch", "tqdm"),
        install=INSTALL_TORCH,
        min_rows=_MIN_ROWS,
        status=Status.EXPERIMENTAL,
        expected_failures=_UNCONVERGED,
    ),
    detector(
        "mo_gaal:MO_GAAL",
        "Multiple-Objective Generative Adversarial Active Learning (MO-GAAL)",
        "A discriminator trained against the outliers of several generators.",
        capabilities=_PLAIN,
        time="generators epochs n weights",
        space="generators weights",
        family="deep",
        paper="Liu, Li, Zhou, Jiang, Sun, Wang, He (2020). Generative Adversarial Active"
        " Learning for Unsupervised Outlier Detection. doi:10.1109/TKDE.2019.2905606",
        requires=TORCH,
        install=INSTALL_TORCH,
        min_rows=_MIN_ROWS,
        expected_failures=_UNCONVERGED,
    ),
    detector(
        "deep_svdd:DeepSVDD",
        "Deep Support Vector Data Description (Deep SVDD)",
        "Distance from the centre of a learned hypersphere.",
        capabilities=_PLAIN,
        time=_TIME,
        space=_SPACE,
        family="deep",
        paper="Ruff, Vandermeulen, Görnitz, Deecke, Siddiqui, Binder, Müller, Kloft (2018)."
        " Deep One-Class Classification. PMLR 80:4393-4402",
        requires=TORCH,
        install=INSTALL_TORCH,
        min_rows=_MIN_ROWS,
    ),
    detector(
        "anogan:AnoGAN",
        "Anomaly Detection with Generative Adversarial Networks (AnoGAN)",
        "How badly a generator can imitate a row; it searches anew for every row it scores.",
        capabilities=_PLAIN,
        time="epochs n weights; scoring: n queries weights",
        space=_SPACE,
        family="deep",
        paper="Schlegl, Seeböck, Waldstein, Schmidt-Erfurth, Langs (2017). Unsupervised Anomaly"
        " Detection with Generative Adversarial Networks to Guide Marker Discovery."
        " arXiv:1703.05921",
        requires=("torch", "pandas"),
        install='pip install "pynomaly-pyod[torch]" pandas',
        min_rows=_MIN_ROWS,
    ),
    detector(
        "alad:ALAD",
        "Adversarially Learned Anomaly Detection (ALAD)",
        "Reconstruction error in the features of bidirectional adversarial networks.",
        capabilities=_PLAIN,
        time=_TIME,
        space=_SPACE,
        family="deep",
        paper="Zenati, Romain, Foo, Lecouat, Chandrasekhar (2018). Adversarially Learned"
        " Anomaly Detection. arXiv:1812.02288",
        requires=("torch", "pandas"),
        install='pip install "pynomaly-pyod[torch]" pandas',
        min_rows=_MIN_ROWS,
        expected_failures=_UNCONVERGED,
    ),
    detector(
        "ae1svm:AE1SVM",
        "Autoencoder with One-Class Support Vector Machine (AE-1SVM)",
        "An autoencoder and a one-class machine on random Fourier features, trained together.",
        capabilities=_PLAIN,
        time=_TIME,
        space=_SPACE,
        family="deep",
        paper="Nguyen, Vien (2019). Scalable and Interpretable One-Class SVMs with Deep Learning"
        " and Random Fourier Features. arXiv:1804.04888",
        requires=TORCH,
        install=INSTALL_TORCH,
        min_rows=_MIN_ROWS,
        expected_failures={"takes_one_row": "PyOD turns the scores of one row into a scalar"},
    ),
    detector(
        "devnet:DevNet",
        "Deviation Networks (DevNet)",
        "Deviation from a prior over scores; it learns from labels, which a fit does not pass yet.",
        capabilities=(),
        time=_TIME,
        space=_SPACE,
        family="deep",
        paper="Pang, Shen, van den Hengel (2019). Deep Anomaly Detection with Deviation"
        " Networks. doi:10.1145/3292500.3330871",
        supervision=Supervision.SUPERVISED,
        requires=TORCH,
        install=INSTALL_TORCH,
        min_rows=_MIN_ROWS,
        status=Status.EXPERIMENTAL,
        expected_failures=NO_LABELS,
    ),
    detector(
        "dif:DIF",
        "Deep Isolation Forest (DIF)",
        "Isolation forests on the outputs of random networks.",
        capabilities=_PLAIN,
        time="n nets t log s",
        space="nets t s",
        family="isolation",
        paper="Xu, Pang, Wang, Wang (2023). Deep Isolation Forest for Anomaly Detection."
        " doi:10.1109/TKDE.2023.3270293",
        requires=TORCH,
        install=INSTALL_TORCH,
        min_rows=_MIN_ROWS,
    ),
    detector(
        "lunar:LUNAR",
        "Learnable Unified Neighbourhood-Based Anomaly Ranking (LUNAR)",
        "A network on the distances to the nearest neighbours, trained against noise.",
        capabilities=_PLAIN,
        time="n^2 d + epochs n weights",
        space="n d + weights",
        row_limit=100_000,
        family="deep",
        paper="Goodge, Hooi, Ng, Ng (2022). LUNAR: Unifying Local Outlier Detection Methods via"
        " Graph Neural Networks. arXiv:2112.05355",
        requires=TORCH,
        install=INSTALL_TORCH,
        min_rows=_MIN_ROWS,
    ),
)
"""Their specs."""
