"""All about one spec: for people, and as JSON."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

from pynomaly.cli.tables import table
from pynomaly.domain.errors import PluginFailed
from pynomaly.ports.params import json_schema
from pynomaly.ports.specs import (
    DetectorSpec,
    EnvironmentSpec,
    LoaderSpec,
    PublisherSpec,
    Spec,
    spec_to_dict,
)

if TYPE_CHECKING:
    from pynomaly.infrastructure.registry import Registry

_BOUNDS = {
    "minimum": ">=",
    "exclusiveMinimum": ">",
    "maximum": "<=",
    "exclusiveMaximum": "<",
}


def spec_as_json(kind: str, spec: Spec, registry: Registry) -> str:
    """The spec, what is missing, and the JSON Schema of its parameters."""
    missing = registry.missing(spec)
    data = {
        "kind": kind,
        **spec_to_dict(spec),
        "available": not missing,
        "missing": list(missing),
        "params_schema": _schema(spec, registry),
    }
    return json.dumps(data, indent=2)


def describe_spec(kind: str, spec: Spec, registry: Registry) -> str:
    """The spec for people: facts, parameters, how to install what is missing, an example."""
    parts = [f"{spec.id}: {spec.title}", textwrap.fill(spec.summary, 88)]
    facts = [(name, text) for name, text in _facts(spec, registry) if text]
    width = max(len(name) for name, _ in facts)
    parts.append(
        "\n".join(
            textwrap.fill(text, 88, initial_indent=f"{name:{width}}  ", subsequent_indent=indent)
            for indent in [" " * (width + 2)]
            for name, text in facts
        )
    )
    schema = _schema(spec, registry)
    if schema is None:
        parts.append("Parameters: unknown while a requirement is missing")
    elif schema["properties"]:
        parts.append(f"Parameters\n{_params_table(schema)}")
    parts.append(f"Example\n  {_example(kind, spec, schema)}")
    return "\n\n".join(parts)


def _facts(spec: Spec, registry: Registry) -> list[tuple[str, str]]:
    plugin = next(plugin for plugin in registry.plugins if plugin.name == spec.plugin)
    facts = [("Plugin", f"{plugin.name} ({plugin.distribution} {plugin.version})")]
    if isinstance(spec, DetectorSpec):
        facts += _detector_facts(spec)
    if isinstance(spec, EnvironmentSpec):
        facts += _environment_facts(spec)
    if isinstance(spec, LoaderSpec | PublisherSpec):
        facts += [
            ("Files", " ".join(spec.suffixes)),
            ("Schemes", " ".join(spec.schemes)),
        ]
    missing = registry.missing(spec)
    if missing:
        facts.append(("Missing", f"{', '.join(missing)}: install with `{registry.hint(spec)}`"))
    paper = getattr(spec, "paper", "")
    return [*facts, ("Paper", paper), ("Docs", spec.docs)]


def _detector_facts(spec: DetectorSpec) -> list[tuple[str, str]]:
    limit = f"up to {spec.row_limit:,}; " if spec.row_limit else ""
    sampled = f"; a fit makes use of {spec.fit_rows:,}" if spec.fit_rows else ""
    return [
        ("Data", ", ".join(sorted(spec.modalities))),
        ("Supervision", str(spec.supervision)),
        ("Can", ", ".join(sorted(spec.capabilities))),
        ("Family", spec.family),
        ("Time", spec.time),
        ("Memory", spec.space),
        ("Rows", f"{limit}at least {spec.min_rows}{sampled}"),
        ("Status", str(spec.status)),
        ("Runs in", spec.environment),
        (
            "Known gaps",
            "; ".join(f"{c}: {why}" for c, why in spec.expected_failures.items()),
        ),
    ]


def _environment_facts(spec: EnvironmentSpec) -> list[tuple[str, str]]:
    seconds = [("start", spec.start_seconds), ("call", spec.call_seconds)]
    limits = [f"{name} {value:g} s" for name, value in seconds if value]
    if spec.memory_mib:
        limits.append(f"{spec.memory_mib:,} MiB of address space")
    return [
        ("Python", spec.python or "any"),
        ("Packages", "; ".join(spec.requirements)),
        ("Alone", "; ".join(spec.no_deps)),
        ("Overlay", "sees the packages that are installed with Pynomaly" * spec.overlay),
        ("Variables", "; ".join(f"{name}={value}" for name, value in spec.variables.items())),
        ("Limits", "; ".join(limits)),
    ]


def _schema(spec: Spec, registry: Registry) -> dict[str, Any] | None:
    """JSON Schema of the parameters; None where they need what is missing."""
    try:
        return json_schema(registry.params_class(spec))
    except PluginFailed:
        if registry.missing(spec):
            return None
        raise


def _params_table(schema: dict[str, Any]) -> str:
    rows = [
        (
            name,
            _type(field),
            json.dumps(field["default"]),
            _bounds(field),
            field.get("description", ""),
        )
        for name, field in schema["properties"].items()
    ]
    text = table(("NAME", "TYPE", "DEFAULT", "BOUNDS", "HELP"), rows)
    return textwrap.indent(text, "  ")


def _type(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(alternative) for alternative in field["anyOf"])
    if "enum" in field:
        return " or ".join(json.dumps(choice) for choice in field["enum"])
    if field["type"] == "array":
        return f"list of {_type(field['items'])}"
    return str(field["type"])


def _bounds(field: dict[str, Any]) -> str:
    alternatives = field.get("anyOf", [field])
    found = {
        f"{sign} {alternative[bound]}": None
        for alternative in alternatives
        for bound, sign in _BOUNDS.items()
        if bound in alternative
    }
    return ", ".join(found)


def _example(kind: str, spec: Spec, schema: dict[str, Any] | None) -> str:
    if isinstance(spec, LoaderSpec | PublisherSpec):
        places = [
            *(f"data{suffix}" for suffix in spec.suffixes),
            *(scheme if scheme == "-" else f"{scheme}:..." for scheme in spec.schemes),
        ]
        place = places[0] if places else "..."
        if kind == "loaders":
            return f"pynomaly detect {place}"
        return f"pynomaly detect data.csv -o {place.replace('data', 'scored')}"
    if kind == "environments":
        return f"pynomaly env create {spec.id}"
    if kind == "explainers":
        return "pynomaly detect data.csv --explain 3"
    properties = (schema or {}).get("properties", {})
    chosen = next((f" -p {n}={_plain(f['default'])}" for n, f in properties.items()), "")
    return f"pynomaly detect data.csv -d {spec.id}{chosen}"


def _plain(default: object) -> str:
    return default if isinstance(default, str) else json.dumps(default)
