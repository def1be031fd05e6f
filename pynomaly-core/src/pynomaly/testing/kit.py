"""The machinery of the conformance kit: what a check is, whom it concerns, how it is run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from importlib import import_module
from typing import Any, cast

import attrs

from pynomaly.domain.errors import MissingRequirement, PluginFailed
from pynomaly.infrastructure.isolation import Isolation, IsolationSettings
from pynomaly.infrastructure.plugins import (
    CORE,
    Plugin,
    Problem,
    Source,
    builtin,
    describe,
    load_plugins,
)
from pynomaly.infrastructure.registry import Registry
from pynomaly.ports.protocols import Detector
from pynomaly.ports.runtime import Runtime
from pynomaly.ports.specs import Capability, DetectorSpec, Modality, Spec

MATRICES = frozenset({Modality.TABULAR, Modality.SERIES})
"""Kinds of data whose detectors see a float matrix."""


Sample = str | Callable[[], str]
"""A path or URI that a loader reads, or what makes it once a check needs it."""


class SkippedError(Exception):
    """Raised by a check that does not apply here; the message says why."""


@attrs.frozen
class Package:
    """A plugin under test, alone in its registry.

    Attributes:
        module: Import name, such as ``"pynomaly_pyod"``.
        plugin: What it declares.
        problems: What is wrong with that.
        samples: Loader id to what it reads.
        params: Detector id to parameters other than its defaults.
        isolation: Where its detectors run that do not run in this process.
    """

    module: str
    plugin: Plugin
    problems: tuple[Problem, ...] = ()
    samples: Mapping[str, Sample] = attrs.field(factory=dict)
    params: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    isolation: Isolation = attrs.field(factory=Isolation, eq=False, repr=False)

    @property
    def label(self) -> str:
        """The plugin's name."""
        return self.plugin.name

    @property
    def registry(self) -> Registry:
        """What this plugin offers."""
        return Registry((self.plugin,), self.problems, isolation=self.isolation)

    @property
    def readers(self) -> Registry:
        """What this plugin offers, and the core's loaders, which its own may hand over to."""
        if self.plugin.name == CORE:
            return self.registry
        return Registry((self.plugin, *load_plugins([builtin()])[0]), self.problems)

    @property
    def specs(self) -> tuple[Spec, ...]:
        """All that it declares, of all kinds."""
        return tuple(spec for specs in self.plugin.specs.values() for spec in specs)


@attrs.frozen
class Subject:
    """One spec under test."""

    package: Package
    spec: Spec

    @property
    def label(self) -> str:
        """The id; with the kind where it is no detector, as another kind may bear the same."""
        if isinstance(self.spec, DetectorSpec):
            return self.spec.id
        kind = type(self.spec).__name__.removesuffix("Spec").lower()
        return f"{self.spec.id}:{kind}"

    @property
    def detector(self) -> DetectorSpec:
        """The spec, where it is a detector's."""
        return cast("DetectorSpec", self.spec)

    def can(self, capability: Capability) -> bool:
        """Whether the detector claims it."""
        return capability in self.detector.capabilities

    @property
    def isolated(self) -> bool:
        """Whether it is a detector that does not run in this process."""
        if not isinstance(self.spec, DetectorSpec):
            return False
        return bool(self.spec.environment) or self.package.isolation.chosen(self.spec)

    def here(self) -> Subject:
        """The same detector, in this process.

        Raises:
            SkippedError: If its library cannot be here.
        """
        if self.detector.environment:
            raise SkippedError(f"it runs in its environment {self.detector.environment} alone")
        return Subject(attrs.evolve(self.package, isolation=Isolation()), self.spec)

    def factory(self) -> Callable[..., Any]:
        """What makes one.

        Raises:
            SkippedError: If a requirement of it is missing.
        """
        try:
            return cast("Callable[..., Any]", self.package.registry.resolve(self.spec))
        except MissingRequirement as missing:
            raise SkippedError(str(missing)) from missing

    def create(self, seed: int = 0, runtime: Runtime | None = None) -> Detector:
        """An unfitted detector with its default parameters, or those that the package names.

        Raises:
            SkippedError: If the kit has no such data, or a requirement of it is missing.
        """
        kinds = self.detector.modalities
        if not kinds & (MATRICES | {Modality.GRAPH}):
            raise SkippedError(f"the kit has no {' or '.join(sorted(kinds))} data yet")
        params = self.package.params.get(self.spec.id)
        create = self.package.registry.create_detector
        try:
            return create(self.spec.id, params, seed=seed, runtime=runtime)[2]
        except MissingRequirement as missing:
            raise SkippedError(str(missing)) from missing


@attrs.frozen
class Check:
    """A named check: it returns, or raises what is wrong.

    Attributes:
        run: The check. Its name is the check's name, its docstring says what must hold.
        needs: Capabilities that a detector claims if the check concerns it.
        kinds: Kinds of data, one of which a detector takes if the check concerns it; empty for any.
    """

    run: Callable[[Any], None]
    needs: frozenset[Capability] = frozenset()
    kinds: frozenset[Modality] = frozenset()

    def concerns(self, spec: DetectorSpec) -> bool:
        """Whether it concerns a detector."""
        kinds = spec.modalities
        # One for tables that takes series, too, is checked on tables.
        if Modality.TABULAR in kinds:
            kinds = kinds - {Modality.SERIES}
        return self.needs <= spec.capabilities and (not self.kinds or bool(self.kinds & kinds))

    @property
    def name(self) -> str:
        """Such as ``"takes_one_row"``: the name in `DetectorSpec.expected_failures`."""
        return self.run.__name__

    @property
    def summary(self) -> str:
        """What must hold, in a line."""
        return (self.run.__doc__ or "").partition("\n")[0]


class Status(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    EXPECTED = "failed as expected"


@attrs.frozen
class Outcome:
    """How one check on one subject ended, and why.

    Attributes:
        subject: Label of the spec or the plugin.
        check: Name of the check.
        status: How it ended.
        reason: Why, unless it passed.
    """

    subject: str
    check: str
    status: Status
    reason: str = ""


def load_package(
    module: str,
    *,
    name: str | None = None,
    samples: Mapping[str, Sample] | None = None,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    isolated: bool = False,
) -> Package:
    """Load a plugin by its import name, whether its entry point is installed or not.

    With `isolated` its detectors run in processes of their own.

    Raises:
        PluginFailed: If it cannot be loaded at all.
    """
    name = name or module.removeprefix("pynomaly_").replace("_", "-")
    source = Source(name, f"pynomaly-{name}", "", "", module, lambda: import_module(module))
    plugins, problems = load_plugins([source])
    if not plugins:
        raise PluginFailed(name, problems[0].stage, problems[0].error)
    apart = isolation_of(name, isolated)
    return Package(module, plugins[0], problems, samples or {}, params or {}, apart)


def isolation_of(plugin: str, isolated: bool) -> Isolation:  # noqa: FBT001 - it is passed on
    """Where the detectors of `plugin` run: all in processes of their own, or only some."""
    return Isolation(IsolationSettings(plugins=[plugin] if isolated else []))


def run_check(check: Check, subject: Any) -> None:
    """Run it with warnings kept quiet: a detector may warn, as long as it does what it must."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check.run(subject)


def outcomes(pairs: Iterable[tuple[Check, Any, str]]) -> Iterator[Outcome]:
    """Run each check on its subject. The third of each is the reason to expect a failure."""
    for check, subject, expected in pairs:
        status, reason = _judge(check, subject, expected)
        yield Outcome(subject.label, check.name, status, reason)


def _judge(check: Check, subject: Any, expected: str) -> tuple[Status, str]:
    try:
        run_check(check, subject)
    except SkippedError as skipped:
        return Status.SKIPPED, str(skipped)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin raises
        if expected:
            return Status.EXPECTED, expected
        return Status.FAILED, str(error) if isinstance(error, AssertionError) else describe(error)
    if expected:
        return (
            Status.FAILED,
            f"it passes: take it out of expected_failures ({expected})",
        )
    return Status.PASSED, ""


def require(holds: object, message: str) -> None:
    """Fail the check unless `holds`; unlike `assert`, under `python -O` too."""
    if not holds:
        raise AssertionError(message)
