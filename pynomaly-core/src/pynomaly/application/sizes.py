"""How much data a detector takes: too little, too much, or a sample of it."""

from __future__ import annotations

from pynomaly.domain.errors import DataError
from pynomaly.ports.specs import DetectorSpec


def fit_limit(spec: DetectorSpec) -> int | None:
    """Rows that a fit of `spec` takes at most; None where it wants every row."""
    limits = [limit for limit in (spec.fit_rows, spec.row_limit) if limit is not None]
    return min(limits) if limits else None


def check_enough(
    count: int,
    held_out: int,
    spec: DetectorSpec,
    noun: str = "row",
    way_out: str = "give more rows, or use `detect` without a reference to rank them",
) -> None:
    """Refuse to hold out so many that a fit has too few left.

    Raises:
        DataError: Saying what to do.
    """
    if not held_out or count - held_out < spec.min_rows:
        raise DataError(
            f"{count} {noun}{'s are' if count != 1 else ' is'} too few to fit {spec.id} and"
            f" calibrate it; {way_out}"
        )


def check_at_once(count: int, spec: DetectorSpec, noun: str = "row") -> None:
    """Refuse more than a detector can hold that takes all at once, and so no sample.

    Raises:
        DataError: Saying what to do.
    """
    limit = fit_limit(spec)
    if limit is not None and count > limit:
        raise DataError(
            f"{spec.id} takes at most {limit:,} {noun}s, all at once, and there are {count:,};"
            " give fewer, or another detector"
        )


def sample_note(spec: DetectorSpec, fitted: int, count: int, noun: str = "row") -> list[str]:
    """What to say where a fit takes long, and so took a sample."""
    if fitted != spec.row_limit or fitted >= count or spec.fit_rows is not None:
        return []
    of_all = f"{fitted:,} of the {count:,} {noun}s"
    return [f"{spec.id} takes {spec.time or 'long'} time: fitted on a sample of {of_all}"]
