"""What plugins declare: frozen, pure data. An implementation is named by an import string.

Nothing here imports an implementation, so that listing all plugins stays fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import attrs

_ID = re.compile(r"[a-z][a-z0-9_-]*\.[a-z][a-z0-9_]*")
_IMPORT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_FEWEST_FOLDS = 2


class Modality(StrEnum):
    """Kinds of data."""

    TABULAR = "tabular"
    SERIES = "series"
    GRAPH = "graph"
    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    MULTIMODAL = "multimodal"


class Supervision(StrEnum):
    """How much a detector must be told in order to fit."""

    UNSUPERVISED = "unsupervised"
    SEMI_SUPERVISED = "semi-supervised"
    SUPERVISED = "supervised"


class Capability(StrEnum):
    """What a detector can do; the conformance kit verifies each claim."""

    INDUCTIVE = "inductive"
    """Scores rows that it was not fitted on."""
    ONLINE = "online"
    """Learns row by row (`partial_fit`)."""
    ROWWISE = "rowwise"
    """A row's score is bit for bit the same in any batch."""
    SEEDED = "seeded"
    """The same seed gives the same scores."""
    THREAD_SAFE = "thread_safe"
    """One fitted detector may score in several threads at once."""
    GPU = "gpu"
    """Computes on a GPU if it is told to; its factory takes a `Runtime`."""
    SPARSE = "sparse"
    """Takes sparse matrices."""
    MISSING = "missing"
    """Takes NaN for a missing value."""
    EXPLAINS = "explains"
    """Gives each feature's contribution to a score (`explain`)."""
    STORES_TRAINING_DATA = "stores_training_data"
    """A saved model holds rows that it was fitted on."""
    SAVES = "saves"
    """`get_state` and `set_state` round-trip to equal scores."""


class Status(StrEnum):
    """How settled a plugin's offer is."""

    STABLE = "stable"
    EXPERIMENTAL = "experimental"


# Bare `tuple` and `frozenset` as converters would tell a type checker nothing.
def _names(values: Iterable[str]) -> tuple[str, ...]:
    if isinstance(values, str):
        raise TypeError(f"several names are due, not one string: ({values!r},)")
    return tuple(values)


def _modalities(values: Iterable[Modality]) -> frozenset[Modality]:
    return frozenset(values)


def _capabilities(values: Iterable[Capability]) -> frozenset[Capability]:
    return frozenset(values)


def _variables(values: Mapping[str, str]) -> Mapping[str, str]:
    return {str(name): str(value) for name, value in values.items()}


def _valid_id(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    if not _ID.fullmatch(value):
        raise ValueError(f"{attribute.name} {value!r} is not of the form plugin.name")


def _valid_import(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    if value and not _IMPORT.fullmatch(value):
        raise ValueError(f"{attribute.name} {value!r} is not of the form package.module:name")


def _valid_environment(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    if value and not _ID.fullmatch(value):
        raise ValueError(f"{attribute.name} {value!r} is not of the form plugin.name")


def _valid_folds(_: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and value < _FEWEST_FOLDS:
        raise ValueError(f"{attribute.name} {value} leaves nothing to fit on")


@attrs.frozen(kw_only=True)
class Spec:
    """What every declared thing has.

    Attributes:
        id: ``"plugin.name"``; the prefix is the plugin's name.
        title: The name that people in the field use.
        summary: One sentence for a listing.
        factory: Import string of the implementation, ``"package.module:callable"``.
        params: Import string of the attrs class of its parameters; ``""`` for none.
        requires: Import names that the implementation needs beyond the plugin's own
            dependencies.
        install: Command that installs what `requires` names.
        docs: Address of a page about it.
    """

    id: str = attrs.field(validator=_valid_id)
    title: str
    summary: str
    factory: str = attrs.field(validator=_valid_import)
    params: str = attrs.field(default="", validator=_valid_import)
    requires: tuple[str, ...] = attrs.field(default=(), converter=_names)
    install: str = ""
    docs: str = ""

    @property
    def plugin(self) -> str:
        """Name of the plugin that declares it."""
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """The id without the plugin's name."""
        return self.id.partition(".")[2]


@attrs.frozen(kw_only=True)
class DetectorSpec(Spec):
    """A detector, with what a chooser needs to know.

    `factory` names a callable ``(spec, params, seed) -> Detector``; with the capability ``gpu``
    it takes a `Runtime` as fourth. With an `environment` it names one of ``(id, params, seed)``,
    params being a dict, in a module that is one file, and that the environment's Python runs: this
    process does not.

    Attributes:
        modalities: Kinds of data that it takes.
        supervision: How much it must be told.
        capabilities: What it can do; the conformance kit verifies it.
        time: Time to fit n rows of d features, such as ``"n log n"``; and to score if it differs.
        space: Memory of the fitted detector, likewise.
        row_limit: Rows beyond which a fit is not sensible; None where there is no such limit.
        fit_rows: Rows that its fit makes use of: larger data is sampled down to so many.
            None where fit wants every row.
        family: What it is akin to: ``"isolation"``, ``"neighbours"``, ``"density"``, ...
        paper: The source, as ``"Authors (year). Title. doi or address"``.
        target: Class that a generic factory wraps, ``"package.module:Class"``; else ``""``.
        status: How settled it is.
        min_rows: Fewest rows that it can be fitted on.
        folds: Folds of the cross-fitting that calibrates it. More where its scores depend on how
            many rows it was fitted on, so that a fold's fit is closer to the last one; None where
            scores of two fits cannot be compared at all: then half of the rows are held out.
        default_for: Modalities whose default detector it offers to be.
        environment: Id of the environment that it runs in, in a process of its own; ``""`` for
            this process.
        expected_failures: Conformance checks that fail, each with its reason.
    """

    modalities: frozenset[Modality] = attrs.field(
        default=frozenset({Modality.TABULAR}), converter=_modalities
    )
    supervision: Supervision = Supervision.UNSUPERVISED
    capabilities: frozenset[Capability] = attrs.field(default=frozenset(), converter=_capabilities)
    time: str = ""
    space: str = ""
    row_limit: int | None = None
    fit_rows: int | None = None
    family: str = ""
    paper: str = ""
    target: str = attrs.field(default="", validator=_valid_import)
    status: Status = Status.STABLE
    min_rows: int = 2
    folds: int | None = attrs.field(default=5, validator=_valid_folds)
    default_for: frozenset[Modality] = attrs.field(default=frozenset(), converter=_modalities)
    environment: str = attrs.field(default="", validator=_valid_environment)
    expected_failures: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class TransformerSpec(Spec):
    """Something that turns items which are no rows of numbers into such, for detectors for tables.

    `factory` names a callable ``(spec, params, seed) -> Transformer``.

    Attributes:
        modalities: Kinds of data whose items it takes.
        default_for: Modalities whose default transformer it offers to be.
        pretrained: Whether it learns nothing of the data: one then serves all fits.
        time: Time to transform n items, such as ``"n"``.
        paper: The source.
    """

    modalities: frozenset[Modality] = attrs.field(
        default=frozenset({Modality.TEXT}), converter=_modalities
    )
    default_for: frozenset[Modality] = attrs.field(default=frozenset(), converter=_modalities)
    pretrained: bool = False
    time: str = ""
    paper: str = ""


@attrs.frozen(kw_only=True)
class LoaderSpec(Spec):
    """Something that opens a source as a data set.

    `factory` names a callable ``(uri, params) -> Table``; `params` are its options.

    Attributes:
        modalities: Kinds of data that it gives.
        suffixes: File name endings that it reads, with the dot, lower case.
        schemes: URI schemes that it reads, without ``:``; ``"file"`` is implied by suffixes, and
            ``"mysql"`` stands for ``mysql+driver``, too.
        streams: Whether it reads batch by batch in flat memory.
        folders: Whether it reads folders and globs: it goes before one that does not, there.
    """

    modalities: frozenset[Modality] = attrs.field(
        default=frozenset({Modality.TABULAR}), converter=_modalities
    )
    suffixes: tuple[str, ...] = attrs.field(default=(), converter=_names)
    schemes: tuple[str, ...] = attrs.field(default=(), converter=_names)
    streams: bool = True
    folders: bool = False


@attrs.frozen(kw_only=True)
class ExplainerSpec(Spec):
    """Something that says which features made a row's score.

    `factory` names a callable ``(params, seed) -> Explainer``.

    Attributes:
        modalities: Kinds of data that it explains.
        needs: Capabilities that a detector must have for it.
        paper: The source.
    """

    modalities: frozenset[Modality] = attrs.field(
        default=frozenset({Modality.TABULAR}), converter=_modalities
    )
    needs: frozenset[Capability] = attrs.field(default=frozenset(), converter=_capabilities)
    paper: str = ""


@attrs.frozen(kw_only=True)
class PublisherSpec(Spec):
    """Something that writes scored rows to a destination.

    `factory` names a callable ``(uri, schema) -> Publisher``.

    Attributes:
        suffixes: File name endings that it writes, with the dot, lower case.
        schemes: URI schemes that it writes, without ``:``.
    """

    suffixes: tuple[str, ...] = attrs.field(default=(), converter=_names)
    schemes: tuple[str, ...] = attrs.field(default=(), converter=_names)


@attrs.frozen(kw_only=True)
class EnvironmentSpec(Spec):
    """Where detectors run whose libraries cannot live with ours.

    It is built by ``pynomaly env create``, never on the way. `factory` names a callable without
    arguments that makes a new process ready, such as by importing what its detectors need; in a
    module that is one file, and that the environment's Python runs. ``""`` for none.

    Attributes:
        python: Which Python it needs, such as ``">=3.11"`` or ``"3.6"``; ``""`` for any.
        requirements: What is installed into it, with what that requires in turn.
        no_deps: What is installed without, after `requirements`.
        overlay: Whether it sees the packages that are installed with Pynomaly, and adds only
            what those lack; it has their Python then.
        variables: Environment variables of its processes.
        memory_mib: Most address space of such a process in MiB; 0 for no limit.
        start_seconds: Time limit of its start, with `factory`.
        call_seconds: Time limit of a call; 0 for none.
    """

    factory: str = attrs.field(default="", validator=_valid_import)
    python: str = ""
    requirements: tuple[str, ...] = attrs.field(default=(), converter=_names)
    no_deps: tuple[str, ...] = attrs.field(default=(), converter=_names)
    overlay: bool = False
    variables: Mapping[str, str] = attrs.field(factory=dict, converter=_variables)
    memory_mib: int = 0
    start_seconds: float = 120.0
    call_seconds: float = 0.0


@attrs.frozen
class Kind:
    """A row of `KINDS`: what is listed, its spec class, the hook that collects it."""

    name: str
    spec: type[Spec]
    hook: str


KINDS: tuple[Kind, ...] = (
    Kind("detectors", DetectorSpec, "pynomaly_detectors"),
    Kind("transformers", TransformerSpec, "pynomaly_transformers"),
    Kind("loaders", LoaderSpec, "pynomaly_loaders"),
    Kind("explainers", ExplainerSpec, "pynomaly_explainers"),
    Kind("publishers", PublisherSpec, "pynomaly_publishers"),
    Kind("environments", EnvironmentSpec, "pynomaly_environments"),
)
"""All kinds of specs. A new kind is one spec class, one hook and one row here."""


def spec_to_dict(spec: Spec) -> dict[str, Any]:
    """The spec as JSON-ready data: sets sorted, enums as strings."""

    def plain(value: Any) -> Any:
        if isinstance(value, frozenset):
            return sorted(str(item) for item in value)
        if isinstance(value, StrEnum):
            return str(value)
        if isinstance(value, tuple):
            return list(value)
        if isinstance(value, Mapping):
            return dict(value)
        return value

    return {field.name: plain(getattr(spec, field.name)) for field in attrs.fields(type(spec))}
