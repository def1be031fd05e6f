"""What every transformer must do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from pynomaly.domain.errors import MissingRequirement
from pynomaly.domain.graphs import GraphArrays
from pynomaly.ports.specs import Modality, TransformerSpec
from pynomaly.testing.kit import Check, SkippedError, Subject, require
from pynomaly.testing.samples import frozen, usual
from pynomaly.testing.states import through_a_file

if TYPE_CHECKING:
    from pynomaly.ports.protocols import FloatMatrix, Transformer

_WORDS = ("parcel", "is", "late", "the", "Thursday", "of", "42", "and", "door", "weather", "why?")
_ODD = (
    *("", " ", "\n\t", "?!...", "WIN 1000 NOW", "naïve café", "日本語", "\u200b", "\x01\x7f"),
    *("a" * 5_000, "word " * 5_000, "\U0001f600" * 300),
)


def gives_one_finite_row_per_item(subject: Subject) -> None:
    """Rows are finite numbers, one per item, with a name for each column."""
    for items in _samples(subject):
        transformer = _fitted(subject, items)
        _valid(transformer, transformer.transform(items), len(items))


def takes_odd_items(subject: Subject) -> None:
    """Texts that are empty, long or strange, and nodes without an edge, give finite rows."""
    for modality in _kinds(subject):
        transformer = _fitted(subject, _items(modality))
        odd = list(_ODD) if modality is Modality.TEXT else _graph(nodes=5, edges=0)
        _valid(transformer, transformer.transform(odd), len(odd))


def transforms_the_same_again(subject: Subject) -> None:
    """Two that are fitted with one seed give the same rows, bit for bit."""
    for items in _samples(subject):
        first, second = (_fitted(subject, items).transform(items) for _ in range(2))
        require(np.array_equal(first, second), "the same seed gives other rows")


def transforms_a_text_alone_as_among_others(subject: Subject) -> None:
    """A text's row is the same, bit for bit, in any batch and order."""
    if Modality.TEXT not in _kinds(subject):
        raise SkippedError("nodes are seen among others")
    texts = cast("list[str]", _items(Modality.TEXT))
    transformer = _fitted(subject, texts)
    whole = np.asarray(transformer.transform(texts))
    alone = np.concatenate([_fitted(subject, texts).transform([text]) for text in texts[:8]])
    require(np.array_equal(whole[:8], alone), "texts give other rows alone")
    turned = np.asarray(_fitted(subject, texts).transform(texts[::-1]))[::-1]
    require(np.array_equal(whole, turned), "texts give other rows in another order")


def transforms_the_same_once_saved(subject: Subject) -> None:
    """The state survives JSON, npz and bytes, and gives the same rows bit for bit."""
    for items in _samples(subject):
        transformer = _fitted(subject, items)
        loaded = _create(subject, seed=99)
        loaded.set_state(through_a_file(transformer.get_state()))
        same = np.array_equal(transformer.transform(items), loaded.transform(items))
        require(same, "it gives other rows once saved and loaded")
        names = list(transformer.names), list(loaded.names)
        require(names[0] == names[1], f"once loaded it names {names[1]}, not {names[0]}")


def learns_nothing_where_it_says_so(subject: Subject) -> None:
    """``pretrained``: what it is fitted on makes no difference."""
    if not cast("TransformerSpec", subject.spec).pretrained:
        raise SkippedError("it learns")
    for modality in _kinds(subject):
        items = _items(modality)
        other = _items(modality, seed=1)
        first, second = (_fitted(subject, each).transform(items) for each in (items, other))
        require(np.array_equal(first, second), "fitted on other items it gives other rows")


TRANSFORMER_CHECKS: tuple[Check, ...] = (
    Check(gives_one_finite_row_per_item),
    Check(takes_odd_items),
    Check(transforms_the_same_again),
    Check(transforms_a_text_alone_as_among_others),
    Check(transforms_the_same_once_saved),
    Check(learns_nothing_where_it_says_so),
)
"""Checks for transformers of texts, and of the nodes of graphs."""


def _kinds(subject: Subject) -> list[Modality]:
    known = (Modality.TEXT, Modality.GRAPH)
    kinds = cast("TransformerSpec", subject.spec).modalities
    found = [modality for modality in known if modality in kinds]
    if not found:
        raise SkippedError(f"the kit has no {' or '.join(sorted(kinds))} data yet")
    return found


def _samples(subject: Subject) -> Iterator[Any]:
    for modality in _kinds(subject):
        yield _items(modality)


def _items(modality: Modality, seed: int = 0) -> Any:
    """Twenty texts, or a graph of forty nodes."""
    if modality is Modality.GRAPH:
        return _graph(nodes=40, edges=90, seed=seed)
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(_WORDS, size=rng.integers(1, 12))) for _ in range(20)]


def _graph(*, nodes: int, edges: int, seed: int = 0) -> GraphArrays:
    rng = np.random.default_rng(seed)
    pairs = [(i, j) for i in range(nodes) for j in range(i)]
    chosen = rng.choice(len(pairs), size=edges, replace=False)
    ends = np.array(pairs, dtype=np.int64)[np.sort(chosen)].T.copy()
    ends.flags.writeable = False
    return GraphArrays(frozen(usual(nodes, seed=seed)), ends)


def _create(subject: Subject, seed: int = 0) -> Transformer:
    """One with its default parameters.

    Raises:
        SkippedError: If a requirement of it is missing.
    """
    try:
        return subject.package.registry.create_transformer(subject.spec.id, seed=seed)[2]
    except MissingRequirement as missing:
        raise SkippedError(str(missing)) from missing


def _fitted(subject: Subject, items: Any) -> Transformer:
    transformer = _create(subject)
    transformer.fit(items)
    return transformer


def _valid(transformer: Transformer, rows: FloatMatrix, count: int) -> None:
    names = list(transformer.names)
    require(len(set(names)) == len(names) > 0, f"its names are not distinct: {names[:5]}")
    right = np.shape(rows) == (count, len(names))
    require(right, f"rows are of shape {np.shape(rows)}, not {(count, len(names))}")
    bad = int((~np.isfinite(np.asarray(rows, dtype=np.float64))).sum())
    require(not bad, f"{bad} numbers are not finite")
