"""The detectors as data."""

from __future__ import annotations

from collections.abc import Mapping

from pynomaly.ports import Capability, DetectorSpec, Modality

_NEW_GRAPHS = frozenset({Capability.INDUCTIVE, Capability.SEEDED, Capability.SAVES})
_THIS_GRAPH = frozenset({Capability.SEEDED})
_DENSE = 20_000
"""Nodes beyond which a matrix of all pairs takes more than a few gigabytes."""
_CUBIC = 5_000
MIN_NODES = 10
"""Fewer nodes teach a network nothing."""

_LOW = "ranks_planted_nodes_high"
_FEW = {_LOW: "so few nodes and default parameters do not teach it a planted clique"}
_SMOOTH = {
    _LOW: "its residuals shrink with the degree, so that nodes of a planted clique score low"
}


def _detector(
    target: str,
    title: str,
    summary: str,
    paper: str,
    *,
    inductive: bool = False,
    time: str = "epochs n^2",
    space: str = "n^2",
    row_limit: int | None = _DENSE,
    expected_failures: Mapping[str, str] | None = None,
) -> DetectorSpec:
    module, _, cls = target.partition(":")
    return DetectorSpec(
        id=f"pygod.{module}",
        title=title,
        summary=summary,
        factory="pynomaly_pygod.adapter:PyGODDetector",
        params=f"pynomaly_pygod.params:{cls}Params",
        requires=("torch", "torch_geometric", "pygod", "safetensors"),
        install='pip install "pynomaly-pygod[torch]"',
        docs=f"https://docs.pygod.org/en/latest/generated/pygod.detector.{cls}.html",
        modalities=frozenset({Modality.GRAPH}),
        capabilities=_NEW_GRAPHS if inductive else _THIS_GRAPH,
        time=time,
        space=space,
        row_limit=row_limit,
        family="graph",
        paper=paper,
        target=f"pygod.detector:{cls}",
        min_rows=MIN_NODES,
        expected_failures=expected_failures or {},
    )


DETECTORS: tuple[DetectorSpec, ...] = (
    _detector(
        "adone:AdONE",
        "Adversarial Outlier Aware Embedding (AdONE)",
        "Errors of autoencoders of edges and attributes whose codes an adversary aligns.",
        "Bandyopadhyay, N, Vivek, Murty (2020). Outlier Resistant Unsupervised Deep Architectures"
        " for Attributed Network Embedding. doi:10.1145/3336191.3371788",
    ),
    _detector(
        "anomalous:ANOMALOUS",
        "Joint Modelling for Anomaly Detection (ANOMALOUS)",
        "Residual of attributes that others explain, with a joint choice of attributes.",
        "Peng, Luo, Li, Liu, Zheng (2018). ANOMALOUS: A Joint Modeling Approach for Anomaly"
        " Detection on Attributed Networks. doi:10.24963/ijcai.2018/488",
        time="n^3 + epochs n^2 d",
        row_limit=_CUBIC,
        expected_failures=_SMOOTH,
    ),
    _detector(
        "anomalydae:AnomalyDAE",
        "Dual Autoencoder for Attributed Networks (AnomalyDAE)",
        "Error of two joint autoencoders, of structure and attributes.",
        "Fan, Zhang, Li (2020). AnomalyDAE: Dual Autoencoder for Anomaly Detection on Attributed"
        " Networks. arXiv:2002.03665",
    ),
    _detector(
        "cola:CoLA",
        "Contrastive Self-Supervised Anomaly Detection (CoLA)",
        "How ill a node agrees with its neighbourhood, learned by contrast.",
        "Liu, Li, Pan, Gong, Zhou, Karypis (2022). Anomaly Detection on Attributed Networks via"
        " Contrastive Self-Supervised Learning. arXiv:2103.00113",
        inductive=True,
        time="epochs m",
        space="n h",
        row_limit=None,
        expected_failures=_FEW,
    ),
    _detector(
        "conad:CONAD",
        "Contrastive Attributed Network Anomaly Detection (CONAD)",
        "Error of a graph network that is trained against made-up anomalies.",
        "Xu, Huang, Zhao, Dong, Li (2022). Contrastive Attributed Network Anomaly Detection with"
        " Data Augmentation. doi:10.1007/978-3-031-05936-0_35",
        inductive=True,
    ),
    _detector(
        "dmgd:DMGD",
        "Deep Multiclass Graph Description (DMGD)",
        "Distance of a node's code from the nearest of several centres.",
        "Bandyopadhyay, Vivek, Murty (2020). Integrating Network Embedding and Community Outlier"
        " Detection via Multiclass Graph Description. arXiv:2007.10231",
    ),
    _detector(
        "dominant:DOMINANT",
        "Deep Anomaly Detection on Attributed Networks (DOMINANT)",
        "Error of a graph autoencoder, of edges and attributes.",
        "Ding, Li, Bhanushali, Liu (2019). Deep Anomaly Detection on Attributed Networks."
        " doi:10.1137/1.9781611975673.67",
        inductive=True,
    ),
    _detector(
        "done:DONE",
        "Deep Outlier Aware Attributed Network Embedding (DONE)",
        "Errors of two autoencoders, of edges and attributes, that weigh outliers down.",
        "Bandyopadhyay, N, Vivek, Murty (2020). Outlier Resistant Unsupervised Deep Architectures"
        " for Attributed Network Embedding. doi:10.1145/3336191.3371788",
    ),
    _detector(
        "gaan:GAAN",
        "Generative Adversarial Attributed Network Anomaly Detection (GAAN)",
        "How badly a generator imitates a node, and how little edges look real.",
        "Chen, Liu, Wang, Dai, Lv, Bo (2020). Generative Adversarial Attributed Network Anomaly"
        " Detection. doi:10.1145/3340531.3412070",
        inductive=True,
    ),
    _detector(
        "gadnr:GADNR",
        "Graph Anomaly Detection via Neighbourhood Reconstruction (GAD-NR)",
        "Error of a node's degree, its neighbours' distribution and its own attributes.",
        "Roy, Shu, Li, Yang, Elshocht, Smeets, Li (2024). GAD-NR: Graph Anomaly Detection via"
        " Neighborhood Reconstruction. arXiv:2306.01951",
        time="epochs n h^3",
        space="n h^2",
    ),
    _detector(
        "gae:GAE",
        "Graph Autoencoder (GAE)",
        "Error of a graph autoencoder of attributes, or of edges.",
        "Kipf, Welling (2016). Variational Graph Auto-Encoders. arXiv:1611.07308",
        inductive=True,
        time="epochs m",
        space="n h",
        row_limit=None,
    ),
    _detector(
        "guide:GUIDE",
        "Higher-Order Structure Based Anomaly Detection (GUIDE)",
        "Error of two autoencoders, of attributes and of the motifs around a node.",
        "Yuan, Zhou, Yu, Huang, Chen, Xia (2021). Higher-Order Structure Based Anomaly Detection"
        " on Attributed Networks. arXiv:2406.04690",
        inductive=True,
        time="m degree^2 + epochs m",
        space="n h",
    ),
    _detector(
        "ocgnn:OCGNN",
        "One-Class Graph Neural Network (OCGNN)",
        "Distance from the centre of a learned hypersphere.",
        "Wang, Jin, Du, Cui, Tan, Yang (2021). One-class graph neural networks for anomaly"
        " detection in attributed networks. arXiv:2002.09594",
        inductive=True,
        time="epochs m",
        space="n h",
        row_limit=None,
        expected_failures=_FEW,
    ),
    _detector(
        "one:ONE",
        "Outlier Aware Network Embedding (ONE)",
        "Errors of factorisations of edges and attributes that weigh outliers down.",
        "Bandyopadhyay, Lokesh, Murty (2019). Outlier Aware Network Embedding for Attributed"
        " Networks. doi:10.1609/aaai.v33i01.330112",
        expected_failures=_FEW,
    ),
    _detector(
        "radar:Radar",
        "Residual Analysis for Anomaly Detection (Radar)",
        "Residual of a node's attributes once those of its network explain it.",
        "Li, Dani, Hu, Liu (2017). Radar: Residual Analysis for Anomaly Detection in Attributed"
        " Networks. doi:10.24963/ijcai.2017/299",
        time="n^3 + epochs n^2 d",
        row_limit=_CUBIC,
        expected_failures=_SMOOTH,
    ),
    _detector(
        "scan:SCAN",
        "Structural Clustering Algorithm for Networks (SCAN)",
        "1 for nodes in clusters that share neighbours, else 0, as PyGOD scores it.",
        "Xu, Yuruk, Feng, Schweiger (2007). SCAN: A Structural Clustering Algorithm for Networks."
        " doi:10.1145/1281192.1281280",
        time="m degree",
        space="n",
        expected_failures={_LOW: "its scores are 0 and 1, and usual nodes share neighbours, too"},
    ),
)
"""All specs, by id."""
