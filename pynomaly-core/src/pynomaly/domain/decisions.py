"""Which rows raise an alarm: an alert budget, never a guessed contamination."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable

import attrs
import numpy as np
import numpy.typing as npt

from pynomaly.domain.calibration import Calibration, Scores
from pynomaly.domain.errors import UsageError

Mask = npt.NDArray[np.bool_]
Cut = Callable[[Scores, Scores], Mask]
"""From consecutive scores and p-values to alarms."""


def _share(_: object, attribute: attrs.Attribute[float], value: object) -> None:
    if not isinstance(value, numbers.Real) or not 0.0 < float(value) < 1.0:
        name = "fdr" if attribute.name == "q" else attribute.name
        raise UsageError(f"{name} must lie between 0 and 1, not {value!r}")


@attrs.frozen
class FalseAlarmRate:
    """Alarm where ``p <= alpha``: at most about a share `alpha` of normal rows alarm."""

    alpha: float = attrs.field(default=0.01, validator=_share)


@attrs.frozen
class TopK:
    """Alarm for the `k` highest scores; of equal scores, the earlier rows."""

    k: int = attrs.field()

    @k.validator
    def _positive(self, _: object, value: object) -> None:
        if not isinstance(value, numbers.Integral) or int(value) < 1:
            raise UsageError(f"top must be a whole number, at least 1, not {value!r}")


@attrs.frozen
class FalseDiscoveryRate:
    """Benjamini and Hochberg (1995): at most a share `q` of the alarms is false, on average."""

    q: float = attrs.field(validator=_share)


Decision = FalseAlarmRate | TopK | FalseDiscoveryRate


def choose_decision(
    alpha: float | None = None, top: int | None = None, fdr: float | None = None
) -> Decision:
    """The decision that the options ask for; a false-alarm rate of .01 where they are silent.

    Raises:
        UsageError: If more than one is given, or one is out of its range.
    """
    given = [
        name for name, value in (("alpha", alpha), ("top", top), ("fdr", fdr)) if value is not None
    ]
    if len(given) > 1:
        raise UsageError(f"give one of alpha, top and fdr, not {' and '.join(given)}")
    if top is not None:
        return TopK(top)
    if fdr is not None:
        return FalseDiscoveryRate(fdr)
    return FalseAlarmRate() if alpha is None else FalseAlarmRate(alpha)


def check_reference(decision: Decision) -> None:
    """Refuse a decision that ranks within the data cannot keep.

    Raises:
        UsageError: With the way out.
    """
    if isinstance(decision, FalseDiscoveryRate):
        raise UsageError(
            "fdr needs a reference: without one p-values are ranks, which are uniform by"
            " construction; give --reference with --clean, or use --alpha or --top"
        )


def check_decision(decision: Decision, calibration: Calibration) -> None:
    """Refuse a decision that the calibration cannot keep.

    Raises:
        UsageError: For a false discovery rate without a clean reference.
    """
    if not isinstance(decision, FalseDiscoveryRate):
        return
    if calibration.method == "ranks":
        raise UsageError(
            "fdr needs a reference: without one p-values are ranks, which are uniform by"
            " construction; give --reference with --clean, or use --alpha or --top"
        )
    if not calibration.clean:
        raise UsageError(
            "fdr needs a reference without anomalies: anomalies in it put a floor under the"
            " p-values; declare it with --clean, give its --label column, or use --alpha"
        )


def needs_all_scores(decision: Decision, calibration: Calibration | None) -> bool:
    """Whether rows can only be decided once all are scored; None stands for ranks to come."""
    ranked = calibration is None or calibration.method == "ranks"
    return ranked or not isinstance(decision, FalseAlarmRate)


def make_cut(
    decision: Decision, scores: Scores | None = None, p_values: Scores | None = None
) -> Cut:
    """A function that decides consecutive batches.

    Args:
        decision: What is asked for.
        scores, p_values: Of all rows, where `needs_all_scores`.
    """
    if isinstance(decision, FalseAlarmRate):
        alpha = decision.alpha
        return lambda _, p_values: p_values <= alpha
    if scores is None or p_values is None:
        raise ValueError("this decision needs all scores")
    if isinstance(decision, FalseDiscoveryRate):
        limit = benjamini_hochberg(p_values, decision.q)
        return lambda _, p_values: p_values <= limit
    return _top_cut(scores, decision.k)


def benjamini_hochberg(p_values: Scores, q: float) -> float:
    """The largest p-value that still is a discovery at rate `q`; 0.0 where there is none."""
    ordered = np.sort(p_values)
    m = len(ordered)
    below = np.flatnonzero(ordered <= q * np.arange(1, m + 1) / m)
    return float(ordered[below[-1]]) if below.size else 0.0


def _top_cut(scores: Scores, k: int) -> Cut:
    if k >= len(scores):
        return lambda batch, _: np.ones(len(batch), dtype=np.bool_)
    lowest = np.partition(scores, len(scores) - k)[len(scores) - k]
    ties_left = k - int(np.count_nonzero(scores > lowest))

    def cut(batch: Scores, _: Scores) -> Mask:
        nonlocal ties_left
        mask: Mask = batch > lowest
        ties = np.flatnonzero(batch == lowest)[:ties_left]
        ties_left -= len(ties)
        mask[ties] = True
        return mask

    return cut


def describe_decision(decision: Decision, calibration: Calibration, rows: int) -> dict[str, object]:
    """What was decided and what it promises, JSON-ready."""
    if isinstance(decision, TopK):
        meaning = "the highest score" if decision.k == 1 else f"the {decision.k:,} highest scores"
        return {"rule": "top", "k": decision.k, "meaning": meaning}
    if isinstance(decision, FalseDiscoveryRate):
        needed = math.ceil(rows * calibration.smallest_p / decision.q)
        meaning = (
            f"on average at most {_percent(decision.q)} of the alarms are false;"
            f" takes at least {needed} rows at the smallest p-value {calibration.smallest_p:.2g}"
        )
        return {"rule": "fdr", "q": decision.q, "needed": needed, "meaning": meaning}
    alpha = decision.alpha
    if calibration.method == "ranks":
        meaning = (
            f"the top {_percent(alpha)} of this batch by rank, whatever it holds;"
            " a reference would give a false-alarm rate"
        )
    else:
        meaning = f"at most about {_percent(alpha)} of normal rows alarm"
    return {"rule": "alpha", "alpha": alpha, "meaning": meaning}


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def decision_warnings(decision: Decision, calibration: Calibration) -> list[str]:
    """What the user should know before trusting the alarms."""
    warnings = []
    smallest = calibration.smallest_p
    if isinstance(decision, FalseAlarmRate) and smallest > decision.alpha:
        rows = len(calibration.scores)
        ranks = calibration.method == "ranks"
        warnings.append(
            f"no row can alarm: the smallest p-value that {rows:,}"
            f"{'' if ranks else ' calibration'} row{'' if rows == 1 else 's'} can give is"
            f" {smallest:.3g}, above alpha {decision.alpha:.3g}; "
            + ("ask for the top rows instead, or" if ranks else "give more reference rows or")
            + " a larger alpha"
        )
    elif isinstance(decision, FalseAlarmRate) and calibration.method == "ranks":
        warnings += _equal_at_the_top(calibration, decision.alpha)
    if calibration.exchangeability == "violated" and calibration.method != "ranks":
        warnings.append(
            "rows follow each other in time, so they are not exchangeable with the reference:"
            " the false-alarm rate may not hold"
        )
    return warnings


def _equal_at_the_top(ranks: Calibration, alpha: float) -> list[str]:
    """The warning that so many rows share the highest score that none can alarm."""
    highest = ranks.scores[-1]
    share = float(ranks.p_values(highest[None])[0])
    if share <= alpha:
        return []
    rows = round(share * len(ranks.scores))
    return [
        (
            f"no row can alarm: {rows:,} rows share the highest score, {share:.3g} of all and more"
            f" than alpha {alpha:.3g}; ask for the top rows instead, or a larger alpha"
        )
    ]
