"""Detectors on graphs; and on texts, images and sound: listed, but nothing feeds these yet.

They say so when they are asked to work; their requirements are real.
"""

from __future__ import annotations

from pynomaly.ports import DetectorSpec, Modality, Status
from pynomaly_pyod.catalogue.entry import SEEDED, detector

_INSTALL_GRAPH = 'pip install "pynomaly-pyod[graph]"'
_EPOCHS = "epochs edges weights"


def _graph(
    target: str,
    title: str,
    summary: str,
    paper: str,
    time: str,
    space: str,
    row_limit: int | None,
    *,
    min_rows: int = 2,
    ranks_low: str = "",
) -> DetectorSpec:
    return detector(
        target,
        title,
        summary,
        capabilities={SEEDED},
        time=time,
        space=space,
        row_limit=row_limit,
        family="graph",
        paper=paper,
        modalities=(Modality.GRAPH,),
        requires=("torch", "torch_geometric"),
        install=_INSTALL_GRAPH,
        min_rows=min_rows,
        status=Status.EXPERIMENTAL,
        expected_failures={"ranks_planted_nodes_high": ranks_low} if ranks_low else None,
    )


OTHER_DATA = (
    _graph(
        "pyg_dominant:DOMINANT",
        "Deep Anomaly Detection on Attributed Networks (DOMINANT)",
        "Reconstruction error of a graph autoencoder, of edges and attributes.",
        "Ding, Li, Bhanushali, Liu (2019). Deep Anomaly Detection on Attributed Networks."
        " doi:10.1137/1.9781611975673.67",
        "epochs n^2",
        "n^2",
        20_000,
    ),
    _graph(
        "pyg_cola:CoLA",
        "Contrastive Self-Supervised Anomaly Detection (CoLA)",
        "How ill a node agrees with its neighbourhood, learned by contrast.",
        "Liu, Li, Pan, Gong, Zhou, Karypis (2022). Anomaly Detection on Attributed Networks via"
        " Contrastive Self-Supervised Learning. arXiv:2103.00113",
        _EPOCHS,
        "n h + edges",
        None,
    ),
    _graph(
        "pyg_conad:CONAD",
        "Contrastive Attributed Network Anomaly Detection (CONAD)",
        "Reconstruction error of a graph network trained against made-up anomalies.",
        "Xu, Huang, Zhao, Dong, Li (2022). Contrastive Attributed Network Anomaly Detection"
        " with Data Augmentation. PAKDD 2022",
        "epochs n^2",
        "n^2",
        20_000,
    ),
    _graph(
        "pyg_anomalydae:AnomalyDAE",
        "Dual Autoencoder for Attributed Networks (AnomalyDAE)",
        "Reconstruction error of two joint autoencoders, of structure and attributes.",
        "Fan, Zhang, Li (2020). AnomalyDAE: Dual Autoencoder for Anomaly Detection on Attributed"
        " Networks. arXiv:2002.03665",
        "epochs n^2",
        "n^2",
        20_000,
        ranks_low="its default parameters give a planted clique back better than usual nodes",
    ),
    _graph(
        "pyg_guide:GUIDE",
        "Higher-Order Structure Based Anomaly Detection (GUIDE)",
        "Reconstruction error of attributes and of the motifs around a node.",
        "Yuan, Zhou, Yu, Huang, Chen, Xia (2021). Higher-Order Structure Based Anomaly Detection"
        " on Attributed Networks. arXiv:2406.04690",
        "epochs n^2 + edges degree",
        "n^2",
        20_000,
        min_rows=10,
    ),
    _graph(
        "pyg_radar:Radar",
        "Residual Analysis for Anomaly Detection (Radar)",
        "Residual of a node's attributes once those of its network explain it.",
        "Li, Dani, Hu, Liu (2017). Radar: Residual Analysis for Anomaly Detection in Attributed"
        " Networks. doi:10.24963/ijcai.2017/299",
        "iterations n^2 d",
        "n^2",
        5_000,
        ranks_low="residuals are smoothed along edges, so that a planted clique's are small",
    ),
    _graph(
        "pyg_anomalous:ANOMALOUS",
        "Joint Modelling for Anomaly Detection (ANOMALOUS)",
        "Residual analysis with a joint choice of attributes.",
        "Peng, Luo, Li, Liu, Zheng (2018). ANOMALOUS: A Joint Modeling Approach for Anomaly"
        " Detection on Attributed Networks. doi:10.24963/ijcai.2018/488",
        "iterations n^2 d",
        "n^2",
        5_000,
        ranks_low="it weighs attributes far more than edges, and a planted clique is one of edges",
    ),
    _graph(
        "pyg_scan:SCAN",
        "Structural Clustering Algorithm for Networks (SCAN)",
        "Nodes that belong to no cluster of nodes with shared neighbours.",
        "Xu, Yuruk, Feng, Schweiger (2007). SCAN: A Structural Clustering Algorithm for"
        " Networks. doi:10.1145/1281192.1281280",
        "edges degree",
        "n + edges",
        None,
        ranks_low="nodes of a planted clique share their neighbours, as those of a cluster do",
    ),
    detector(
        "embedding:EmbeddingOD",
        "Detection on Embeddings",
        "Any detector on the embeddings that an encoder gives of texts, images or sound; its"
        " encoder is an object that no parameter can carry yet.",
        capabilities=(),
        time="n encodings + that of its detector",
        space="that of its detector",
        family="embedding",
        modalities=(Modality.TEXT, Modality.IMAGE, Modality.AUDIO),
        status=Status.EXPERIMENTAL,
    ),
    detector(
        "embedding:MultiModalOD",
        "Fusion of Modalities",
        "One detector for each kind of data, their scores combined; its detectors are objects"
        " that no parameter can carry yet.",
        capabilities=(),
        time="sum of its detectors",
        space="sum of its detectors",
        family="embedding",
        modalities=(Modality.MULTIMODAL,),
        status=Status.EXPERIMENTAL,
    ),
    detector(
        "audio_ae:AudioAE",
        "Log-Mel Autoencoder",
        "Reconstruction error of an autoencoder on the log-mel frames of a recording.",
        capabilities=(),
        time="epochs frames weights",
        space="weights",
        family="deep",
        paper="Koizumi, Kawaguchi, Imoto, Nakamura, Nikaido, Tanabe, Purohit, Suefusa, Endo,"
        " Yasuda, Harada (2020). Description and Discussion on DCASE2020 Challenge Task 2."
        " arXiv:2006.05822",
        modalities=(Modality.AUDIO,),
        requires=("torch", "librosa"),
        install='pip install "pynomaly-pyod[torch]" librosa',
        status=Status.EXPERIMENTAL,
    ),
)
"""Their specs."""
