"""From what a user says about items that several data sets describe to parts that can be fitted."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from pynomaly.application.items import FusedModel, Part, Parts, check_id
from pynomaly.domain.errors import DataError, LimitExceeded, UsageError
from pynomaly.domain.schema import Roles
from pynomaly.infrastructure.recipes import make_recipe
from pynomaly.infrastructure.registry import Registry
from pynomaly.infrastructure.settings import Settings
from pynomaly.ports.specs import Modality
from pynomaly.sources import names_of, open_data

SUFFIX = ".toml"
"""Of a file that describes items."""

_ROLES = ("label", "text", "source", "target")
_NAMES = ("columns", "exclude")
_REST = ("data", "id", "nodes", "directed", "read", "detector", "params", "features")
_OPTIONS = (*_REST, "feature_params", *_ROLES, *_NAMES)


@attrs.frozen
class Items:
    """Items that several data sets describe; what names an item is in each of them.

    Attributes:
        id: Column that names an item.
        parts: By name a data set, or a mapping of its ``data`` and further arguments of
            `pynomaly.detect`: ``detector``, ``params``, ``columns``, ``exclude``, ``label``,
            ``text``, ``source``, ``target``, ``nodes``, ``directed``, ``features``,
            ``feature_params``; ``read`` for the loader's options, and ``id`` where the column has
            another name.
        name: What messages call it.
    """

    id: str
    parts: Mapping[str, Any]
    name: str = "<memory>"


_READ = ("data", "nodes")
"""Options that name something to read."""


def items_in(data: Any) -> Items | None:
    """Items, if that is what `data` is or, as a path, describes.

    Raises:
        DataError: If the file cannot be read.
        UsageError: If it describes something else.
    """
    if isinstance(data, Items):
        return data
    if isinstance(data, (str, os.PathLike)) and str(data).lower().endswith(SUFFIX):
        return read_items(os.fspath(data))
    return None


def read_items(path: str) -> Items:
    """The items that a TOML file describes; what it names is relative to its folder.

    Raises:
        DataError: If the file cannot be read.
        UsageError: If it describes something else.
    """
    try:
        found = tomllib.loads(Path(path).read_text("utf-8"))
    except FileNotFoundError:
        raise DataError("no such file", source=path) from None
    except OSError as error:
        raise DataError(f"cannot be opened: {error.strerror or error}", source=path) from error
    except ValueError as error:
        raise DataError(f"is no TOML: {error}", source=path) from error
    parts = found.get("parts")
    if set(found) != {"id", "parts"} or not isinstance(parts, dict):
        raise UsageError(
            f'{path}: items are described by `id = "column"` and tables [parts.NAME], and it has'
            f" {', '.join(map(repr, found)) or 'nothing'}"
        )
    beside = {name: _beside(path, name, part) for name, part in parts.items()}
    return Items(found["id"], beside, path)


def open_items(
    items: Items,
    registry: Registry,
    settings: Settings,
    seed: int | None = None,
    *,
    clean: bool = False,
    least: int = 2,
    stop_process: Callable[[LimitExceeded], None] | None = None,
) -> Parts:
    """The data sets that describe the items, each with what to fit on it; `least` at least.

    Raises:
        DataError: If one cannot be read.
        UsageError, UnknownId, InvalidParams, MissingRequirement: If an option is wrong.
    """
    if len(items.parts) < least:
        due = "two parts" if least == 2 else "a part"
        raise UsageError(f"{items.name}: items need {due} or more, each a data set")
    check_id(items.name, items.id, items.parts)
    parts = {}
    for name, given in items.parts.items():
        options = _checked(items, name, _options(given))
        roles = Roles(
            None if options.get("columns") is None else names_of(options["columns"]),
            names_of(options.get("exclude", ())),
            options.get("id", items.id),
            **{role: options.get(role) for role in _ROLES},
        )
        data = open_data(
            *(options["data"], registry, roles, options.get("read")),
            nodes=options.get("nodes"),
            directed=options.get("directed", False),
        )
        recipe = make_recipe(
            *(registry, settings, options.get("detector"), options.get("params"), roles, seed),
            data=data,
            features=options.get("features"),
            feature_params=options.get("feature_params"),
            clean=clean,
            stop_process=stop_process,
        )
        if recipe.kind is Modality.SERIES:
            raise UsageError(
                f"{items.name}: part {name!r} is a series: parts have a row for each item"
            )
        parts[name] = Part(data, recipe)
    description = Path(items.name)
    files = [description] if description.is_file() else []
    files += [file for part in parts.values() for file in part.data.files]
    return Parts(items.name, items.id, parts, tuple(files))


def open_to_score(
    data: Any,
    model: FusedModel,
    registry: Registry,
    given: Mapping[str, Any],
    label: str | None = None,
) -> Parts:
    """The data sets that describe the items in `data`, for `model`; one of its parts is enough.

    Args:
        data: The items, or a file that describes them.
        model: Knows the parts.
        registry: Where loaders are found.
        given: Options that each part has for itself, refused here.
        label: Column with the truth, of which items have none.

    Raises:
        UsageError: If `data` are no items, or an option is given.
        DataError: If one cannot be read.
    """
    items = items_in(data)
    if items is None:
        parts = ", ".join(model.members)
        raise UsageError(
            f"the model is one of items with the parts {parts}: give a {SUFFIX} file or Items"
        )
    refuse_options(items, given, Roles())
    if label is not None:
        raise UsageError(
            f"label is no option for items, which have no column with the truth: leave {label!r} out"
        )
    return open_items(items, registry, Settings(), least=1)


def items_like(data: Any, items: Items) -> Items:
    """The items of a reference for `items`.

    Raises:
        UsageError: If it is something else.
    """
    found = items_in(data)
    if found is None:
        raise UsageError(
            f"{items.name} describes items, so that its reference must: a {SUFFIX} file or Items"
        )
    return found


def refuse_options(items: Items, given: Mapping[str, Any], roles: Roles) -> None:
    """Refuse options that each part has for itself.

    Raises:
        UsageError: Naming those that were given.
    """
    given = {**given, **attrs.asdict(roles)}
    wrong = [name for name, value in given.items() if _is_given(value)]
    if wrong:
        raise UsageError(
            f"{', '.join(wrong)}: say this of each part that it is meant for, in {items.name}"
        )


def _is_given(value: Any) -> bool:
    """Whether it is more than a default. Frames, whose truth is not to be asked, are."""
    empty = isinstance(value, (tuple, list, Mapping)) and not value
    return not (empty or value is None or value is False)


def _options(part: Any) -> Mapping[str, Any]:
    return part if isinstance(part, Mapping) else {"data": part}


def _checked(items: Items, name: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    for option in options:
        if option not in _OPTIONS:
            near = difflib.get_close_matches(option, _OPTIONS, 1)
            hint = f"did you mean {near[0]}?" if near else f"it takes {', '.join(_OPTIONS)}"
            raise UsageError(f"{items.name}: part {name!r} has no option {option!r}: {hint}")
    if "data" not in options:
        raise UsageError(f"{items.name}: part {name!r} needs data: a path or URI")
    return options


def _beside(path: str, name: str, part: Any) -> Any:
    """What a file says of a part, its paths relative to the file."""
    if not isinstance(part, dict):
        raise UsageError(
            f"{path}: a part is a table [parts.NAME] with data and options, not {part!r}"
        )
    folder = Path(path).parent
    read = {key: part[key] for key in _READ if key in part}
    for key, value in read.items():
        if not isinstance(value, str):
            raise UsageError(f"{path}: part {name!r}: {key} is {value!r}, not a path or URI")
    moved = {key: str(folder / value) for key, value in read.items() if ":" not in value}
    return {**part, **moved}
