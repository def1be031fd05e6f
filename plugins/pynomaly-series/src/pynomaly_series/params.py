"""Parameters of the detectors `series.*`."""

from __future__ import annotations

import attrs

from pynomaly.ports.params import param


@attrs.frozen(kw_only=True)
class MatrixProfileParams:
    """For `series.matrix_profile`."""

    window: int | None = param(
        None,
        ge=3,
        tune=(10, 200),
        help="Time steps of a window; None for 100, or a tenth of a shorter series.",
    )
    normalize: bool = param(
        False, help="Whether windows are standardised, so that only their shape counts."
    )


@attrs.frozen(kw_only=True)
class SpectralResidualParams:
    """For `series.spectral_residual`; the paper's q, z, κ and m."""

    window_amp: int = param(
        3, ge=1, tune=(3, 50), help="Frequencies over which the log spectrum is averaged."
    )
    window_local: int | None = param(
        None,
        ge=1,
        help="Steps before one with whose saliency its own is compared, 21 in the paper; None for"
        " those that were fitted.",
    )
    n_est_points: int = param(5, ge=0, help="Steps estimated after the last one.")
    n_grad_points: int = param(5, ge=1, help="Last steps from which those are estimated.")


@attrs.frozen(kw_only=True)
class SeasonalResidualParams:
    """For `series.seasonal_residual`."""

    period: int | None = param(
        None,
        ge=1,
        help="Time steps of a season; 1 for none, None for what the autocorrelation says.",
    )
    robust: bool = param(True, help="Whether the decomposition gives odd steps less weight.")
