"""From a package to its checks: for pytest in one line, or to be run without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from pynomaly.ports.specs import (
    DetectorSpec,
    ExplainerSpec,
    LoaderSpec,
    PublisherSpec,
    Spec,
    TransformerSpec,
)
from pynomaly.testing.detectors import DETECTOR_CHECKS
from pynomaly.testing.explainers import EXPLAINER_CHECKS
from pynomaly.testing.formats import LOADER_CHECKS, PUBLISHER_CHECKS
from pynomaly.testing.graphs import GRAPH_CHECKS
from pynomaly.testing.isolation import ISOLATION_CHECKS
from pynomaly.testing.kit import (
    Check,
    Outcome,
    Package,
    Sample,
    SkippedError,
    Subject,
    load_package,
    outcomes,
    run_check,
)
from pynomaly.testing.plugin import IMPORT_CHECKS, PLUGIN_CHECKS, SPEC_CHECKS
from pynomaly.testing.transformers import PRETRAINED_CHECKS, TRANSFORMER_CHECKS

if TYPE_CHECKING:
    import pytest

Depth = Literal["specs", "imports", "behaviour"]


def checks_for(spec: Spec, *, isolated: bool = False) -> tuple[Check, ...]:
    """The checks that concern a spec: those for its kind, for what it claims, for where it runs."""
    return (*SPEC_CHECKS, *IMPORT_CHECKS, *_behaviour(spec), *_isolation(spec, isolated))


def run_checks(package: Package, *, depth: Depth = "behaviour") -> Iterator[Outcome]:
    """Run the checks on a plugin.

    Args:
        package: The plugin.
        depth: Check what its ``"specs"`` say; also that their ``"imports"`` resolve; or also the
            ``"behaviour"`` of what they name.
    """
    return outcomes(_pairs(package, depth))


def conformance_tests(
    module: str,
    *,
    name: str | None = None,
    samples: Mapping[str, Sample] | None = None,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    isolated: bool = False,
) -> Callable[..., None]:
    """One pytest test per spec and check of the plugin with the import name `module`.

    ``test_conformance = conformance_tests("pynomaly_pyod")`` is all that an author writes.
    `DetectorSpec.expected_failures` become strict xfails; what a missing requirement or an
    unsupported kind of data forbids is skipped with the reason.

    Args:
        module: Import name of the plugin.
        name: The plugin's name where it is not `module` without ``pynomaly_``.
        samples: Loader id to a path or URI that it reads, or to a function that makes one.
        params: Detector id to parameters to check it with: a network whose defaults take minutes
            for each fit keeps the contract in any size.
        isolated: Whether its detectors are to run in processes of their own.
    """
    import pytest

    package = load_package(module, name=name, samples=samples, params=params, isolated=isolated)
    cases = [_case(check, subject, why) for check, subject, why in _pairs(package)]

    @pytest.mark.parametrize(("check", "subject"), cases)
    def test_conformance(check: Check, subject: Any) -> None:
        try:
            run_check(check, subject)
        except SkippedError as skipped:
            pytest.skip(str(skipped))

    return cast("Callable[..., None]", test_conformance)


def _case(check: Check, subject: Any, expected: str) -> pytest.ParameterSet:
    import pytest

    marks = [pytest.mark.xfail(reason=expected, strict=True)] if expected else []
    return pytest.param(check, subject, id=f"{subject.label}-{check.name}", marks=marks)


def _pairs(package: Package, depth: Depth = "behaviour") -> Iterator[tuple[Check, Any, str]]:
    """Each check with its subject, and the reason to expect that it fails."""
    for check in PLUGIN_CHECKS:
        yield check, package, ""
    for spec in package.specs:
        subject = Subject(package, spec)
        expected = getattr(spec, "expected_failures", {})
        for check in _at(depth, subject):
            yield check, subject, expected.get(check.name, "")


def _at(depth: Depth, subject: Subject) -> tuple[Check, ...]:
    match depth:
        case "specs":
            return SPEC_CHECKS
        case "imports":
            return (*SPEC_CHECKS, *IMPORT_CHECKS)
        case "behaviour":
            return checks_for(subject.spec, isolated=subject.isolated)


def _isolation(spec: Spec, isolated: bool) -> tuple[Check, ...]:  # noqa: FBT001 - passed on
    if not isolated or not isinstance(spec, DetectorSpec):
        return ()
    return tuple(check for check in ISOLATION_CHECKS if check.concerns(spec))


def _behaviour(spec: Spec) -> tuple[Check, ...]:
    match spec:
        case DetectorSpec():
            checks = (*DETECTOR_CHECKS, *GRAPH_CHECKS)
            return tuple(check for check in checks if check.concerns(spec))
        case LoaderSpec():
            return LOADER_CHECKS
        case PublisherSpec():
            return PUBLISHER_CHECKS
        case ExplainerSpec():
            return EXPLAINER_CHECKS
        case TransformerSpec():
            return (*TRANSFORMER_CHECKS, *(PRETRAINED_CHECKS if spec.pretrained else ()))
        case _:
            return ()
