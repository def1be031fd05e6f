"""How the catalogue writes a spec down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pynomaly.ports import Capability, DetectorSpec, Modality, Status, Supervision

INDUCTIVE = Capability.INDUCTIVE
ROWWISE = Capability.ROWWISE
SAVES = Capability.SAVES
SEEDED = Capability.SEEDED
STORES = Capability.STORES_TRAINING_DATA
THREADS = Capability.THREAD_SAFE

PURE = frozenset({INDUCTIVE, ROWWISE, SAVES, SEEDED, THREADS})
"""Of a detector whose score of a row depends on the fitted model and the row alone."""
BATCHED = PURE - {ROWWISE}
"""The same, but a matrix product or a sum rounds differently in batches of other sizes."""
TRANSDUCTIVE = frozenset({SEEDED})
"""Of a detector that only compares the rows of one batch with each other."""

NO_LABELS = dict.fromkeys(
    (
        "gives_one_finite_score_per_row",
        "ranks_planted_anomalies_high",
        "leaves_its_input_alone",
        "prints_nothing",
        "fits_the_fewest_rows_it_names",
        "takes_one_column",
        "takes_a_constant_column",
        "takes_float32_values",
        "implements_what_it_claims",
    ),
    "it learns from labels, which a fit does not pass yet: the adapter refuses to start",
)
"""Expected failures of supervised detectors."""

TORCH = ("torch",)
INSTALL_TORCH = 'pip install "pynomaly-pyod[torch]"'
_DOCS = "https://pyod.readthedocs.io/en/latest/pyod.models.html"


def detector(
    target: str,
    title: str,
    summary: str,
    *,
    capabilities: Iterable[Capability],
    time: str,
    space: str,
    family: str,
    paper: str = "",
    name: str = "",
    modalities: Iterable[Modality] = (Modality.TABULAR,),
    supervision: Supervision = Supervision.UNSUPERVISED,
    requires: tuple[str, ...] = (),
    install: str = "",
    row_limit: int | None = None,
    min_rows: int = 2,
    folds: int | None = 5,
    status: Status = Status.STABLE,
    expected_failures: Mapping[str, str] | None = None,
) -> DetectorSpec:
    """The spec of the class `target`, ``"module:Class"`` within ``pyod.models``.

    The id is the class's name in lower case unless `name` is given.
    """
    cls = target.partition(":")[2]
    name = name or cls.lower()
    return DetectorSpec(
        id=f"pyod.{name}",
        title=title,
        summary=summary,
        factory="pynomaly_pyod.adapter:create",
        params=f"pynomaly_pyod.params:{name}",
        requires=requires,
        install=install,
        docs=f"{_DOCS}#pyod.models.{target.replace(':', '.')}",
        modalities=frozenset(modalities),
        supervision=supervision,
        capabilities=frozenset(capabilities),
        time=time,
        space=space,
        row_limit=row_limit,
        family=family,
        paper=paper,
        target=f"pyod.models.{target}",
        status=status,
        min_rows=min_rows,
        folds=folds,
        expected_failures=expected_failures or {},
    )
