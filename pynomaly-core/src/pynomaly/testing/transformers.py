"""What every transformer must do, on texts and on the nodes of graphs, whichever it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from pynomaly.domain.errors import MissingRequirement
from pynomaly.ports.specs import Modality, TransformerSpec
from pynomaly.testing.fitting import through_a_file
from pynomaly.testing.kit import Check, SkippedError, Subject, require
from pynomaly.testing.samples import graph_of, texts, usual_graph

if TYPE_CHECKING:
    from pynomaly.ports.protocols import FloatMatrix, Transformer


def gives_one_finite_row_per_item(subject: Subject) -> None:
    """It gives finite float64: a row for each item, a column for each of its names."""
    for items, _ in _samples(subject):
        made = _fitted(subject, items)
        _valid(made, items)
        names = list(made.names)
        require(len(set(names)) == len(names), "two of its columns bear the same name")


def transforms_items_it_has_not_seen(subject: Subject) -> None:
    """Items that it was not fitted on become rows; a text alone the same, bit for bit."""
    for items, others in _samples(subject):
        made = _fitted(subject, items)
        _valid(made, others)
        if not isinstance(others, list):
            continue
        whole = made.transform(others)
        alone = np.vstack([made.transform([each]) for each in others])
        same = np.array_equal(whole, alone)
        require(same, "an item alone becomes another row than among others")


def transforms_odd_items(subject: Subject) -> None:
    """Empty, long and strange texts, graphs without edges or attributes: all become rows."""
    for items, _ in _samples(subject):
        made = _fitted(subject, items)
        for odd in _odd(items):
            # A graph without attributes is another kind: its features are fitted, too.
            _valid(made if isinstance(odd, list) else _fitted(subject, odd), odd)


def transforms_the_same_again(subject: Subject) -> None:
    """Two that are fitted with the same seed give the same rows, bit for bit."""
    for items, others in _samples(subject):
        first, second = (_fitted(subject, items, seed=7).transform(others) for _ in range(2))
        require(np.array_equal(first, second), "the same seed gives other rows")


def transforms_the_same_once_saved(subject: Subject) -> None:
    """Its state survives JSON, npz and bytes, and gives the same rows, bit for bit."""
    for items, others in _samples(subject):
        made, loaded = _fitted(subject, items), _create(subject, 99)
        loaded.set_state(through_a_file(made.get_state()))
        require(list(loaded.names) == list(made.names), "its names differ once it is loaded")
        same = np.array_equal(made.transform(others), loaded.transform(others))
        require(same, "it gives other rows once saved and loaded")


def leaves_its_items_alone(subject: Subject) -> None:
    """It changes neither the texts nor the graph that it is given."""
    for items, _ in _samples(subject):
        before = _bits(items)
        _fitted(subject, items).transform(items)
        require(_bits(items) == before, "it changed what it was given")


def learns_nothing_where_it_says_so(subject: Subject) -> None:
    """``pretrained``: what it is fitted on makes no difference."""
    for items, others in _samples(subject):
        first, second = (_fitted(subject, each).transform(items) for each in (items, others))
        require(np.array_equal(first, second), "fitted on other items it gives other rows")


TRANSFORMER_CHECKS: tuple[Check, ...] = (
    Check(gives_one_finite_row_per_item),
    Check(transforms_items_it_has_not_seen),
    Check(transforms_odd_items),
    Check(transforms_the_same_again),
    Check(transforms_the_same_once_saved),
    Check(leaves_its_items_alone),
)
"""Checks for transformers."""

PRETRAINED_CHECKS: tuple[Check, ...] = (Check(learns_nothing_where_it_says_so),)
"""Checks for those that say they learn nothing."""


def _samples(subject: Subject) -> Iterator[tuple[Any, Any]]:
    """For each kind of data that it takes, items to fit on and others."""
    kinds = cast("TransformerSpec", subject.spec).modalities
    makers: dict[Modality, Callable[[int], Any]] = {
        Modality.TEXT: lambda seed: texts(30 if seed else 60, seed=seed),
        Modality.GRAPH: lambda seed: usual_graph(30 if seed else 60, seed=seed),
    }
    known = sorted(kinds & set(makers))
    if not known:
        raise SkippedError(f"the kit has no {' or '.join(sorted(kinds))} data yet")
    for kind in known:
        yield makers[kind](0), makers[kind](1)


def _odd(items: Any) -> Iterator[Any]:
    if isinstance(items, list):
        yield ["", " \n\t", "x" * 20_000, "\N{SNOWMAN} \U0001f600 \x00", "1e300 -- !!"]
        return
    yield graph_of(items.features, np.empty((2, 0)))
    yield graph_of(np.empty((len(items), 0)), items.edges)
    yield graph_of(np.full_like(items.features, 1e300), items.edges)
    yield usual_graph(1)
    yield usual_graph(40, directed=True)


def _create(subject: Subject, seed: int) -> Transformer:
    try:
        return subject.package.registry.create_transformer(subject.spec.id, seed=seed)[2]
    except MissingRequirement as missing:
        raise SkippedError(str(missing)) from missing


def _fitted(subject: Subject, items: Any, seed: int = 0) -> Transformer:
    made = _create(subject, seed)
    made.fit(items)
    return made


def _valid(made: Transformer, items: Any) -> None:
    rows: FloatMatrix = made.transform(items)
    expected = (len(items), len(made.names))
    require(isinstance(rows, np.ndarray), f"rows are a {type(rows).__name__}")
    require(
        rows.shape == expected and rows.dtype == np.float64,
        f"rows are {rows.dtype} of shape {rows.shape}, not float64 of shape {expected}",
    )
    bad = int(np.count_nonzero(~np.isfinite(rows)))
    require(not bad, f"{bad} of its values are not finite")


def _bits(items: Any) -> Any:
    if isinstance(items, list):
        return list(items)
    return items.features.tobytes(), items.edges.tobytes()
