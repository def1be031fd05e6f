"""Parameters of the detectors `tods.*`, named as in TODS but for ``window``."""

from __future__ import annotations

from typing import Literal

import attrs

from pynomaly.ports.params import param


@attrs.frozen(kw_only=True)
class AutoRegODParams:
    """For `tods.autoregod`."""

    window: int = param(10, ge=1, tune=(5, 100), help="Time steps that the next one is told by.")


@attrs.frozen(kw_only=True)
class MultiAutoRegODParams(AutoRegODParams):
    """For `tods.multiautoregod`."""

    method: Literal["average", "maximization", "median"] = param(
        "average", help="How the columns' scores are combined, once they are standardised."
    )


@attrs.frozen(kw_only=True)
class KDiscordParams:
    """For `tods.kdiscord`."""

    window: int = param(50, ge=1, tune=(10, 200), help="Time steps of a window.")
    n_neighbors: int = param(5, ge=1, tune=(1, 50), help="Which nearest window counts.")
    method: Literal["largest", "mean", "median"] = param(
        "largest", help="Distance to that one, or mean or median of those up to it."
    )


@attrs.frozen(kw_only=True)
class PCAParams:
    """For `tods.pca`."""

    window: int = param(50, ge=1, tune=(10, 200), help="Time steps of a window.")
    n_selected_components: int | None = param(
        None, ge=1, help="Minor components that count; None for all."
    )
    weighted: bool = param(True, help="Whether small components count more.")
    standardization: bool = param(True, help="Whether windows are standardised, step by step.")


@attrs.frozen(kw_only=True)
class MatrixProfileParams:
    """For `tods.matrixprofile`."""

    window: int = param(50, ge=3, tune=(10, 200), help="Time steps of a window.")


@attrs.frozen(kw_only=True)
class LSTMODParams:
    """For `tods.lstmod`."""

    min_attack_time: int = param(5, ge=1, help="Time steps whose errors are averaged.")
    danger_coefficient_weight: float = param(
        0.5, ge=0, le=1, help="Weight of how often errors are large, against how large they are."
    )
    epochs: int = param(10, ge=1, tune=(1, 100), help="Passes over the series.")
    batch_size: int = param(8, ge=1, help="Time steps of a training batch.")
    dropout_rate: float = param(0.0, ge=0, lt=1, help="Share of inputs that training leaves out.")
    hidden_dim: int = param(8, ge=1, tune=(4, 64), help="Units of the network.")


@attrs.frozen(kw_only=True)
class DeepLogParams:
    """For `tods.deeplog`."""

    window: int = param(10, ge=1, tune=(1, 100), help="Time steps that the next one is told by.")
    hidden_size: int = param(64, ge=1, tune=(8, 128), help="Units of a layer.")
    stacked_layers: int = param(1, ge=1, le=5, help="Layers, besides the first.")
    epochs: int = param(10, ge=1, tune=(1, 100), help="Passes over the series.")
    batch_size: int = param(32, ge=1, help="Windows of a training batch.")
    dropout_rate: float = param(0.2, ge=0, lt=1, help="Share of inputs that training leaves out.")
    preprocessing: bool = param(
        True, help="Whether each series is standardised by itself, also when it is scored."
    )


@attrs.frozen(kw_only=True)
class TelemanomParams:
    """For `tods.telemanom`."""

    window: int = param(5, ge=1, tune=(5, 250), help="Time steps that the next ones are told by.")
    n_predictions: int = param(2, ge=1, help="Time steps that are told ahead.")
    units: int = param(40, ge=1, tune=(10, 80), help="Units of each of both layers.")
    epochs: int = param(1, ge=1, tune=(1, 35), help="Most passes over the series.")
    lstm_batch_size: int = param(64, ge=1, help="Windows of a training batch.")
    dropout: float = param(0.3, ge=0, lt=1, help="Share of units that training leaves out.")
    batch_size: int = param(30, ge=1, help="Time steps of a batch that errors are smoothed over.")
    window_size: int = param(10, ge=1, help="Batches that errors are smoothed over.")
    smoothing_perc: float = param(0.05, gt=0, le=1, help="Share of those that the smoothing spans.")
