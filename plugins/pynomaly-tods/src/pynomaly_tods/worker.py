"""TODS's algorithms as detectors, inside the environment that they run in.

This is one file, and it is run by its path: it imports nothing of Pynomaly. TODS 0.0.2 was written
for the d3m framework, NumPy 1.18 and keras 2.4; what it needs of those is stood in for here, which
changes modules for the whole process. TODS scores windows; here each time step gets one score.
"""

from __future__ import annotations

import contextlib
import io
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

Rows = np.ndarray[Any, np.dtype[np.float64]]

_FRAMEWORKS = {"d3m", "common_primitives"}
_OF_BASE = (
    *("Inputs", "Outputs", "Params", "Hyperparams"),
    *("CallResult", "MultiCallResult", "DockerContainer"),
)
"""Names that TODS takes from ``d3m.primitive_interfaces.base`` with a star."""


class _Anything(type):
    """A class that has any attribute, and any item."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return import_module("pandas") if name == "pandas" else StandIn

    def __getitem__(cls, item: object) -> type:
        return cls


class StandIn(metaclass=_Anything):
    """Stands in for any class of d3m. TODS's primitives inherit it; nothing makes one of them."""

    def __init__(self, *args: object, **values: object) -> None:
        """Take what the real class takes."""


class _StandInModule(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn


class _Frameworks(MetaPathFinder, Loader):
    """Finds any module of d3m, and makes it of stand-ins."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in _FRAMEWORKS:
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandInModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ == "d3m.primitive_interfaces.base":
            vars(module).update(dict.fromkeys(_OF_BASE, StandIn))


def ready() -> None:
    """Stand in for what TODS lacks. Once per process."""
    if not any(isinstance(finder, _Frameworks) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Frameworks())
        setattr(np, "float", float)  # noqa: B010 - what NumPy no longer has


def ready_with_keras() -> None:
    """As `ready`, and keras's layers where keras 2.4 had them."""
    ready()
    # Networks of this size lose time to threads, and must give the same scores again.
    import_module("torch").set_num_threads(1)
    layers = import_module("keras.layers")
    sys.modules["keras.layers.recurrent"] = sys.modules["keras.layers.core"] = layers


def _load(module: str, name: str) -> Any:
    """A class of TODS, as scikit-learn now wants its estimators to be."""
    base = import_module("tods.detection_algorithm.core.CollectiveBase").CollectiveBaseDetector
    base.__sklearn_tags__ = import_module("sklearn.base").BaseEstimator.__sklearn_tags__
    return getattr(import_module(f"tods.detection_algorithm.{module}"), name)


def _windowed(scores: Rows, steps: int) -> Rows:
    """A step's score is the mean over the windows that it lies in."""
    window = steps - len(scores) + 1
    sums, counts = np.zeros(steps), np.zeros(steps)
    for offset in range(window):
        sums[offset : offset + len(scores)] += scores
        counts[offset : offset + len(scores)] += 1
    return sums / counts


def _latest(scores: Rows, steps: int) -> Rows:
    """The scores are those of the last steps; the first, which had no past, get the smallest."""
    return np.concatenate([np.full(steps - len(scores), scores.min()), scores])


def _but_one(scores: Rows, steps: int) -> Rows:
    """As `_latest`, but TODS leaves the last step out: it gets the score of the one before."""
    return _latest(np.append(scores, scores[-1]), steps)


class Method(NamedTuple):
    """How an algorithm of TODS becomes a detector.

    Attributes:
        module: Where its class is, below ``tods.detection_algorithm``.
        name: The class.
        rows: Native scores and the number of time steps to one score for each.
        spare: Time steps that it needs besides those that the parameters `spans` add up to.
        spans: See `spare`.
        names: Parameters that the class calls otherwise.
        always: Further arguments of the class.
        seed: Argument that takes the seed; ``""`` where there is none.
        width: Argument that takes the number of columns; likewise.
        network: Whether it is one of keras's: these take their seed elsewhere, and are not saved.
    """

    module: str
    name: str
    rows: Callable[[Rows, int], Rows]
    spare: int
    spans: tuple[str, ...] = ("window",)
    names: Mapping[str, str] = {"window": "window_size"}
    always: Mapping[str, Any] = {}
    seed: str = ""
    width: str = ""
    network: bool = False

    def arguments(self, params: Mapping[str, Any], seed: int, width: int) -> dict[str, Any]:
        """What the class is made with."""
        made: dict[str, Any] = {self.names.get(name, name): params[name] for name in params}
        made.update(self.always)
        if self.seed:
            made[self.seed] = seed
        if self.width:
            made[self.width] = width
        if "units" in made:
            made["layers"] = [made.pop("units")] * 2
        return made

    def least(self, params: Mapping[str, Any]) -> int:
        """Fewest time steps that it takes."""
        return self.spare + sum(int(params[name]) for name in self.spans)


METHODS: dict[str, Method] = {
    "autoregod": Method("core.AutoRegOD", "AutoRegOD", _latest, 2),
    "multiautoregod": Method("core.MultiAutoRegOD", "MultiAutoRegOD", _latest, 2),
    "kdiscord": Method("core.KDiscord", "KDiscord", _windowed, 0, ("window", "n_neighbors")),
    "pca": Method("core.PCA", "PCA", _windowed, 2, seed="random_state"),
    "lstmod": Method(
        "core.LSTMOD",
        "LSTMOutlierDetector",
        _latest,
        2,
        ("min_attack_time",),
        width="feature_dim",
        network=True,
    ),
    "deeplog": Method("DeepLog", "DeeplogLstm", _latest, 10, always={"verbose": 0}, network=True),
    "telemanom": Method(
        "Telemanom",
        "Detector",
        _but_one,
        10,
        ("window", "n_predictions"),
        names={"window": "l_s"},
        network=True,
    ),
}
"""Name of a detector to its algorithm; the matrix profile, which fits nothing, has its own class."""


def create(id: str, params: Mapping[str, Any], seed: int) -> Any:
    """An unfitted detector."""
    name = id.partition(".")[2]
    if name == "matrixprofile":
        return MatrixProfile(id, params)
    method = METHODS[name]
    kind = ForEachColumn if name == "autoregod" else Tods if method.network else Refitted
    return kind(id, method, params, seed)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """TODS prints what it is at, and uses what is soon gone from its libraries."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Tods:
    """One algorithm of TODS, fitted on one series."""

    def __init__(self, id: str, method: Method, params: Mapping[str, Any], seed: int) -> None:
        self._id, self._method, self._params, self._seed = id, method, dict(params), seed

    def fit(self, X: Rows) -> None:
        """Learn from a series, shape (n, c)."""
        self.fit_score(X)

    def fit_score(self, X: Rows) -> Rows:
        """Learn from a series, shape (n, c), and give its steps' scores, shape (n,).

        Raises:
            ValueError: If it is too short, or its scores are not finite.
        """
        self._check(X)
        with _quietly():
            return self._valid(self._fit(X), len(X))

    def score(self, X: Rows) -> Rows:
        """Scores of a series' steps, shape (n,).

        Raises:
            ValueError: If it is too short, or its scores are not finite.
        """
        self._check(X)
        with _quietly():
            return self._valid(self._score(X), len(X))

    def _fit(self, X: Rows) -> Rows:
        self._model = self._fitted(X)
        return np.asarray(self._model.decision_scores_)

    def _score(self, X: Rows) -> Rows:
        return self._scored(self._model, X)

    def _fitted(self, X: Rows) -> Any:
        method = self._method
        if method.network:
            import_module("keras").utils.set_random_seed(self._seed)
        cls = _load(method.module, method.name)
        model = cls(**method.arguments(self._params, self._seed, X.shape[1]))
        model.fit(X.copy())
        return model

    def _scored(self, model: Any, X: Rows) -> Rows:
        scores = model.decision_function(X.copy())
        return np.asarray(scores[0] if isinstance(scores, tuple) else scores)

    def _check(self, X: Rows) -> None:
        least = self._method.least(self._params)
        if len(X) < least:
            raise ValueError(f"{self._id} needs at least {least} time steps, and here are {len(X)}")

    def _valid(self, native: Rows, steps: int) -> Rows:
        native = native.astype(np.float64).ravel()
        if not np.isfinite(native).all():
            raise ValueError(f"{self._id} gives scores for this series that are not finite")
        return self._method.rows(native, steps)


class Refitted(Tods):
    """One that is saved as the series that it was fitted on: to fit it again gives the same."""

    def get_state(self) -> dict[str, Any]:
        """The series and the seed."""
        return {"rows": self._rows, "seed": self._seed}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Fit again."""
        self._seed = state["seed"]
        self.fit(state["rows"])

    def fit_score(self, X: Rows) -> Rows:
        """Learn from a series, shape (n, c), and give its steps' scores, shape (n,)."""
        scores = super().fit_score(X)
        self._rows = X.copy()
        return scores


class ForEachColumn(Refitted):
    """An algorithm for series of one column: each has its own, and the largest score counts."""

    def _fit(self, X: Rows) -> Rows:
        self._models = [self._fitted(column[:, None]) for column in X.T]
        return self._worst([np.asarray(model.decision_scores_) for model in self._models])

    def _score(self, X: Rows) -> Rows:
        pairs = zip(self._models, X.T, strict=True)
        return self._worst([self._scored(model, column[:, None]) for model, column in pairs])

    def _worst(self, scores: list[Rows]) -> Rows:
        return np.asarray(np.max(scores, axis=0))


class MatrixProfile:
    """Distance of each window to the nearest other one of the same series."""

    def __init__(self, id: str, params: Mapping[str, Any]) -> None:
        self._id, self._window = id, int(params["window"])

    def fit(self, X: Rows) -> None:
        """Nothing is learnt."""

    def fit_score(self, X: Rows) -> Rows:
        """Scores of a series' steps, shape (n,); the columns' profiles are added up.

        Raises:
            ValueError: If it is too short, or its profile is not finite.
        """
        least = 2 * self._window
        if len(X) < least:
            raise ValueError(f"{self._id} needs at least {least} time steps, and here are {len(X)}")
        frame = import_module("pandas").DataFrame(X.copy())
        module = import_module("tods.detection_algorithm.MatrixProfile")
        with _quietly():
            profile = module.MP(self._window).produce(frame)
        scores = profile.to_numpy()[:, ::4].astype(np.float64).sum(axis=1)
        if not np.isfinite(scores).all():
            raise ValueError(f"{self._id} gives scores for this series that are not finite")
        return _windowed(scores, len(X))

    def score(self, X: Rows) -> Rows:
        """Refused.

        Raises:
            ValueError: Always: windows are compared with those of the same series alone.
        """
        raise ValueError(
            f"{self._id} scores only the series that it is fitted on: detect without a reference,"
            " or use tods.kdiscord"
        )
