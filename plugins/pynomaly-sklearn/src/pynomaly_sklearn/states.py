"""Fitted models of scikit-learn as bytes that execute nothing when they are read.

skops refuses what is not on its own list of types or on ours. That makes a file safe to load, but
a forged model could still send compiled code outside its arrays; so those are checked here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

TRUSTED = ("sklearn.tree._tree.Tree",)
"""Types that models here hold and skops does not trust by itself."""


def dump_model(model: Any) -> bytes:
    """A fitted estimator in skops' format."""
    from skops import io

    data: bytes = io.dumps(model)
    return data


def load_model(data: bytes, like: Any) -> Any:
    """The estimator in `data`, which must be of the same make as `like`.

    Raises:
        ValueError: If it holds another type, which is named, or does not fit together.
    """
    from skops import io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        model = io.loads(data, trusted=list(TRUSTED))
    except UntrustedTypesFoundException as error:
        found = sorted(set(io.get_untrusted_types(data=data)) - set(TRUSTED))
        raise ValueError(
            f"the saved model holds {', '.join(found)}, which no detector of scikit-learn's is"
            " made of; nothing of it was loaded"
        ) from error
    except Exception as error:
        raise ValueError(f"the saved model cannot be read: {error}") from error
    if _make(model) != _make(like):
        raise ValueError(f"the saved model is a {_make(model)}, not a {_make(like)}")
    _check_bounds(model)
    return model


def _make(model: Any) -> str:
    """Names of the class and of the steps, if it has any."""
    steps = getattr(model, "steps", ())
    names = [type(model).__qualname__, *(type(step).__qualname__ for _, step in steps)]
    return " of ".join(names)


def _check_bounds(model: Any) -> None:
    """Refuse indices and shapes that compiled code would follow out of its arrays."""
    match type(model).__name__:
        case "IsolationForest":
            sound = all(map(_is_sound, model.estimators_, model.estimators_features_))
        case "OneClassSVM":
            vectors, weights = model.support_vectors_, model.dual_coef_
            sound = weights.shape == (1, len(vectors)) and model.intercept_.shape == (1,)
            sound = sound and vectors.shape[1:] == (model.n_features_in_,)
        case _:
            sound = True
    if not sound:
        raise ValueError("the saved model is damaged or forged: its parts do not fit together")


def _is_sound(estimator: Any, features: Any) -> bool:
    """Whether a tree's nodes lead onwards to nodes that exist, and test features that do."""
    tree = estimator.tree_
    if not 1 <= tree.node_count <= tree.capacity:
        return False
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    inner = left != -1
    nodes = np.flatnonzero(inner)
    children = np.concatenate([left[inner], right[inner]])
    return bool(
        (children > np.tile(nodes, 2)).all()
        and (children < tree.node_count).all()
        and (feature[inner] >= 0).all()
        and (feature[inner] < len(features)).all()
    )
