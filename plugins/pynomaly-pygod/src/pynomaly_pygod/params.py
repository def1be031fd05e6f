"""Parameters of the detectors: PyGOD's own, with its defaults.

Left out are what Pynomaly decides (`contamination`, `verbose`, `gpu`), what a number cannot say
(`backbone`), and what PyGOD caches or keeps (`cache_dir`, `save_emb`, `compile_model`).
"""

from __future__ import annotations

from typing import Literal

import attrs

from pynomaly.ports.params import param


@attrs.frozen(kw_only=True)
class _Trained:
    """What every trained detector has."""

    weight_decay: float = param(0.0, ge=0, help="L2 penalty of the weights.")
    lr: float = param(0.004, gt=0, tune=(1e-4, 1e-1), help="Learning rate.")
    epoch: int = param(100, ge=1, tune=(20, 300), help="Passes over the graph.")


@attrs.frozen(kw_only=True)
class _Deep(_Trained):
    """What every network has."""

    num_layers: int = param(4, ge=2, tune=(2, 6), help="Layers of the network.")
    dropout: float = param(0.0, ge=0, lt=1, help="Share of units dropped in training.")
    act: Literal["relu", "tanh", "sigmoid", "leaky_relu", "elu"] = param(
        "relu", help="Activation between layers."
    )
    batch_size: int = param(0, ge=0, help="Nodes in a training batch; 0 for all of them.")
    num_neigh: int = param(-1, ge=-1, help="Neighbours sampled for each layer; -1 for all.")


@attrs.frozen(kw_only=True)
class _Hidden(_Deep):
    """Networks whose hidden layers are all of one size."""

    hid_dim: int = param(64, ge=1, tune=(8, 128), help="Units of hidden layers.")


@attrs.frozen(kw_only=True)
class DONEParams(_Hidden):
    """Parameters of `pygod.done`."""

    w1: float = param(0.2, ge=0, help="Weight of the structure's proximity.")
    w2: float = param(0.2, ge=0, help="Weight of the structure's reconstruction.")
    w3: float = param(0.2, ge=0, help="Weight of the attributes' proximity.")
    w4: float = param(0.2, ge=0, help="Weight of the attributes' reconstruction.")
    w5: float = param(0.2, ge=0, help="Weight of what both codes have in common.")


@attrs.frozen(kw_only=True)
class AdONEParams(DONEParams):
    """Parameters of `pygod.adone`."""


@attrs.frozen(kw_only=True)
class ANOMALOUSParams(_Trained):
    """Parameters of `pygod.anomalous`."""

    gamma: float = param(1.0, gt=0, help="Weight of neighbours having like residuals.")


@attrs.frozen(kw_only=True)
class AnomalyDAEParams(_Hidden):
    """Parameters of `pygod.anomalydae`; its number of layers is fixed."""

    num_layers: int = param(4, ge=4, le=4, help="Layers of the network: not used.")
    epoch: int = param(5, ge=1, tune=(5, 200), help="Passes over the graph.")
    emb_dim: int = param(64, ge=1, help="Size of the first code.")
    alpha: float = param(0.5, ge=0, le=1, help="Weight of the attributes against the structure.")
    theta: float = param(1.0, gt=0, help="How much more edges weigh than absent ones.")
    eta: float = param(1.0, gt=0, help="How much more attributes weigh than zeros.")


@attrs.frozen(kw_only=True)
class CoLAParams(_Hidden):
    """Parameters of `pygod.cola`."""


@attrs.frozen(kw_only=True)
class DOMINANTParams(_Hidden):
    """Parameters of `pygod.dominant`."""

    weight: float = param(0.5, ge=0, le=1, help="Weight of the attributes against the structure.")
    sigmoid_s: bool = param(False, help="Whether a sigmoid bounds the reconstructed structure.")


@attrs.frozen(kw_only=True)
class CONADParams(DOMINANTParams):
    """Parameters of `pygod.conad`."""

    eta: float = param(0.5, ge=0, le=1, help="Weight of reconstruction against contrast.")
    margin: float = param(0.5, ge=0, help="Margin between usual and made-up nodes.")
    r: float = param(0.2, gt=0, lt=1, help="Share of nodes that are made anomalies.")
    m: int = param(50, ge=1, help="Edges of a made-up hub.")
    k: int = param(50, ge=1, help="Nodes among which the most distant lends its attributes.")
    f: int = param(10, ge=1, help="Factor by which attributes are made too large or small.")


@attrs.frozen(kw_only=True)
class DMGDParams(_Hidden):
    """Parameters of `pygod.dmgd`."""

    num_layers: int = param(2, ge=1, tune=(1, 4), help="Layers of the network.")
    alpha: float = param(1, ge=0, help="Weight of the reconstruction.")
    beta: float = param(1, ge=0, help="Weight of the distance from centres.")
    gamma: float = param(1, ge=0, help="Weight of neighbours having like codes.")
    warmup: int = param(2, ge=1, help="Epochs before centres are kept.")
    k: int = param(2, ge=1, tune=(1, 10), help="Centres.")


@attrs.frozen(kw_only=True)
class GAANParams(_Hidden):
    """Parameters of `pygod.gaan`."""

    noise_dim: int = param(16, ge=1, help="Size of the generator's noise.")
    weight: float = param(0.5, ge=0, le=1, help="Weight of the attributes against the structure.")


@attrs.frozen(kw_only=True)
class GADNRParams(_Hidden):
    """Parameters of `pygod.gadnr`, which inverts a matrix of hid_dim squared for every node."""

    hid_dim: int = param(16, ge=1, tune=(8, 64), help="Units of hidden layers; PyGOD's are 64.")
    num_layers: int = param(1, ge=1, tune=(1, 4), help="Layers of the encoder.")
    weight_decay: float = param(3e-4, ge=0, help="L2 penalty of the weights.")
    lr: float = param(0.01, gt=0, tune=(1e-4, 1e-1), help="Learning rate.")
    deg_dec_layers: int = param(4, ge=1, help="Layers of the decoder of degrees.")
    fea_dec_layers: int = param(3, ge=1, help="Layers of the decoder of attributes.")
    sample_size: int = param(2, ge=2, help="Neighbours in a sample.")
    sample_time: int = param(3, ge=1, help="Samples of a neighbourhood.")
    neigh_loss: Literal["KL", "W2"] = param("KL", help="Distance of distributions.")
    lambda_loss1: float = param(0.01, ge=0, help="Weight of the neighbourhood.")
    lambda_loss2: float = param(0.1, ge=0, help="Weight of the attributes.")
    lambda_loss3: float = param(0.8, ge=0, help="Weight of the degree.")
    real_loss: bool = param(True, help="Whether the score is the loss itself.")


@attrs.frozen(kw_only=True)
class GAEParams(_Hidden):
    """Parameters of `pygod.gae`."""

    recon_s: bool = param(False, help="Whether edges are reconstructed instead of attributes.")
    sigmoid_s: bool = param(False, help="Whether a sigmoid bounds the reconstructed structure.")


@attrs.frozen(kw_only=True)
class GUIDEParams(_Deep):
    """Parameters of `pygod.guide`."""

    hid_a: int = param(64, ge=1, help="Units of hidden layers for attributes.")
    hid_s: int = param(4, ge=1, help="Units of hidden layers for motifs.")
    alpha: float = param(0.5, ge=0, le=1, help="Weight of the motifs against the attributes.")
    graphlet_size: int = param(4, ge=2, le=4, help="Nodes of the largest motif.")
    selected_motif: bool = param(True, help="Whether a choice of motifs is counted, of size 4.")


@attrs.frozen(kw_only=True)
class OCGNNParams(_Hidden):
    """Parameters of `pygod.ocgnn`."""

    num_layers: int = param(2, ge=1, tune=(1, 4), help="Layers of the network.")
    beta: float = param(0.5, gt=0, lt=1, help="Share of nodes that may lie outside.")
    warmup: int = param(2, ge=1, help="Epochs before the centre is kept.")
    eps: float = param(0.001, gt=0, help="Least distance of the centre from zero.")


@attrs.frozen(kw_only=True)
class ONEParams(_Trained):
    """Parameters of `pygod.one`."""

    epoch: int = param(5, ge=1, tune=(5, 100), help="Passes over the graph.")
    hid_a: int = param(36, ge=1, help="Factors of the attributes.")
    hid_s: int = param(36, ge=1, help="Factors of the structure.")
    alpha: float = param(1.0, ge=0, help="Weight of the attributes.")
    beta: float = param(1.0, ge=0, help="Weight of the structure.")
    gamma: float = param(1.0, ge=0, help="Weight of both having like factors.")


@attrs.frozen(kw_only=True)
class RadarParams(_Trained):
    """Parameters of `pygod.radar`."""

    gamma: float = param(1.0, gt=0, help="Weight of neighbours having like residuals.")


@attrs.frozen(kw_only=True)
class SCANParams:
    """Parameters of `pygod.scan`."""

    eps: float = param(0.5, gt=0, lt=1, help="Least share of common neighbours in a cluster.")
    mu: int = param(2, ge=1, tune=(2, 10), help="Such neighbours that make a cluster.")
