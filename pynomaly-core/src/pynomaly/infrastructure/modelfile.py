"""Model files: fitted models to plain data, and back. Reading one executes nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import attrs

from pynomaly.application.contract import ContractPolicy
from pynomaly.application.embedding import loaded_embedding
from pynomaly.application.items import FusedModel
from pynomaly.application.model import FittedModel, Member
from pynomaly.application.recipe import ChosenTransformer
from pynomaly.application.transformed import Transformed
from pynomaly.application.windowed import Windowed
from pynomaly.domain.calibration import Calibration
from pynomaly.domain.errors import ModelFileError, OutputError, PynomalyError
from pynomaly.domain.features import features_from_state, features_to_state
from pynomaly.domain.schema import Roles
from pynomaly.infrastructure.archive import pack_value, read_archive, write_archive
from pynomaly.infrastructure.registry import Registry
from pynomaly.infrastructure.targets import Target
from pynomaly.ports.loading import to_path
from pynomaly.ports.params import unstructure_params
from pynomaly.ports.protocols import Detector, Transformer
from pynomaly.ports.runtime import Runtime
from pynomaly.ports.specs import Capability, DetectorSpec, Modality


def save_model(model: FittedModel | FusedModel, path: str | os.PathLike[str]) -> None:
    """Write `model` to `path`: whole, or not at all.

    Raises:
        OutputError: If the detector cannot be saved, or the file cannot be written.
    """
    check_saves(model.specs, path)
    members: dict[str, bytes] = {}
    body = (
        _pack_fused(model, members)
        if isinstance(model, FusedModel)
        else _pack_model(model, "", members)
    )
    target = Target(os.fspath(path))
    with target.mishaps():
        with target.temporary.open("wb") as file:
            write_archive(file, body, members)
        target.show()


def check_saves(specs: Sequence[DetectorSpec], path: str | os.PathLike[str]) -> None:
    """Refuse to save detectors that cannot be saved; costs nothing, so ask before a fit.

    Raises:
        OutputError: Saying which can.
    """
    for spec in specs:
        if Capability.SAVES not in spec.capabilities:
            raise OutputError(
                os.fspath(path),
                f"{spec.id} cannot be saved; `pynomaly detectors --can saves` lists those that can",
            )


def _pack_fused(model: FusedModel, members: dict[str, bytes]) -> dict[str, Any]:
    return {
        "kind": str(model.kind),
        "id": model.id,
        "reference": pack_value(model.reference, "reference", members),
        "parts": [
            [name, _pack_model(part, f"part-{i}/", members)]
            for i, (name, part) in enumerate(model.members.items())
        ],
    }


def _pack_model(model: FittedModel, prefix: str, members: dict[str, bytes]) -> dict[str, Any]:
    return {
        "kind": str(model.kind),
        "detector": model.spec.id,
        "params": unstructure_params(model.params),
        "seed": model.seed,
        "transformer": model.transformer
        and {
            "id": model.transformer.spec.id,
            "params": unstructure_params(model.transformer.params),
        },
        "window": model.window,
        "season": model.season,
        "features": pack_value(features_to_state(model.features), f"{prefix}features", members),
        "members": [
            [name, _pack_member(member, f"{prefix}member-{i}", members)]
            for i, (name, member) in enumerate(model.members.items())
        ],
        "policy": attrs.asdict(model.policy),
        "roles": attrs.asdict(model.roles),
        "columns": list(model.columns),
        "notes": list(model.notes),
        "lineage": model.lineage
        | {
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": _versions(model),
        },
    }


def _pack_member(member: Member, name: str, members: dict[str, bytes]) -> dict[str, Any]:
    calibration = member.calibration
    return {
        "state": pack_value(member.detector.get_state(), f"{name}/state", members),
        "scaling": pack_value(member.scaling, f"{name}/scaling", members),
        "calibration": calibration
        and {
            "method": calibration.method,
            "clean": calibration.clean,
            "exchangeability": calibration.exchangeability,
            "scores": pack_value(calibration.scores, f"{name}/calibration", members),
        },
    }


def _versions(model: FittedModel) -> dict[str, str]:
    names = ("pynomaly-core", f"pynomaly-{model.spec.plugin}", "numpy", "polars")
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def load_model(
    path: str | os.PathLike[str], registry: Registry, runtime: Runtime | None = None
) -> FittedModel | FusedModel:
    """Read a model file. Nothing in it is executed.

    Args:
        path: The file.
        registry: Where its detector is found.
        runtime: Where the detector computes, if it can choose; where it was fitted is no matter.

    Raises:
        ModelFileError: If it is damaged, foreign, newer than this version, or not safe.
        UnknownId, MissingRequirement: If its detector's plugin is not installed.
        DeviceUnavailable: If it cannot compute where `runtime` says.
    """
    name = os.fspath(path)
    try:
        with to_path(name).open("rb") as file:
            body = read_archive(name, file)
        if body["kind"] == Modality.MULTIMODAL:
            parts = {name: _model(part, registry, runtime) for name, part in body["parts"]}
            return FusedModel(body["id"], parts, body["reference"])
        return _model(body, registry, runtime)
    except FileNotFoundError as error:
        raise ModelFileError(name, "there is no such file") from error
    except OSError as error:
        raise ModelFileError(name, error.strerror or str(error)) from error
    except PynomalyError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        reason = f"its contents do not fit together ({type(error).__name__}: {error})"
        raise ModelFileError(name, reason) from error


def _model(body: dict[str, Any], registry: Registry, runtime: Runtime | None) -> FittedModel:
    kind = Modality(body["kind"])
    members: dict[str, Member] = {}
    chosen = _transformer(body["transformer"], body["seed"], registry)
    given = body["detector"], body["params"], body["seed"], runtime
    spec, params, _ = registry.create_detector(*given)
    for name, each in body["members"]:
        detector: Detector = registry.create_detector(*given)[2]
        if kind is Modality.SERIES and Modality.SERIES not in spec.modalities:
            detector = Windowed(spec, detector, body["seed"])
        if chosen is not None and kind is Modality.GRAPH:
            detector = Transformed(spec, detector, chosen.spec, chosen.make())
        detector.set_state(each["state"])
        calibration = each["calibration"]
        members[name] = Member(
            detector, Calibration(**calibration) if calibration else None, each["scaling"]
        )
    embedding = None
    if chosen is not None and body["features"]["embedding"] is not None:
        state = body["features"]["embedding"]
        embedding = loaded_embedding(chosen.spec, chosen.make(), state)
    roles = body["roles"]
    sequences = {"exclude": tuple(roles["exclude"])}
    if roles["columns"] is not None:
        sequences["columns"] = tuple(roles["columns"])
    return FittedModel(
        kind,
        spec,
        params,
        body["seed"],
        members,
        features_from_state(body["features"], embedding),
        ContractPolicy(**body["policy"]),
        Roles(**{**roles, **sequences}),
        tuple(body["columns"]),
        body["lineage"],
        tuple(body["notes"]),
        body["window"],
        body["season"],
        chosen,
    )


def _transformer(
    given: dict[str, Any] | None, seed: int, registry: Registry
) -> ChosenTransformer | None:
    if given is None:
        return None
    spec, params, _ = registry.create_transformer(given["id"], given["params"], seed)

    def make() -> Transformer:
        return registry.create_transformer(given["id"], given["params"], seed)[2]

    return ChosenTransformer(spec, params, make)
