"""What the user said about columns, held against a table."""

from __future__ import annotations

import difflib

import attrs

from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import DataError
from pynomaly.domain.schema import Roles

_COLUMNS_SHOWN = 20


def roles_for_reference(roles: Roles, reference: Table, table: Table) -> Roles:
    """`roles` without what only `table` has of the columns that no fit uses."""
    further = set(table.schema) - set(reference.schema)
    return attrs.evolve(
        roles,
        exclude=tuple(name for name in roles.exclude if name not in further),
        id=None if roles.id in further else roles.id,
        label=None if roles.label in further else roles.label,
    )


def check_roles(table: Table, roles: Roles, *, of: str = "", hint: str = "") -> None:
    """Refuse roles that name columns which the table does not have.

    Args:
        table: The table.
        roles: Name columns.
        of: What a row is, as in ``" of nodes"``, where that is not plain.
        hint: What else could be done.

    Raises:
        DataError: Naming them, with columns that look like them.
    """
    absent = {name: option for name, option in roles.named().items() if name not in table.schema}
    if not absent:
        return
    faults = []
    for name, option in absent.items():
        near = difflib.get_close_matches(str(name), list(table.schema), 1)
        like = f" (did you mean {near[0]!r}?)" if near else ""
        told = "".join(f" ({note})" for note in table.notes if repr(name) in note)
        faults.append(f"{option} names {name!r}, which is not a column{of}{told or like}")
    more = ", ..." if len(table.schema) > _COLUMNS_SHOWN else ""
    columns = ", ".join(map(repr, list(table.schema)[:_COLUMNS_SHOWN])) + more
    message = f"{'; '.join(faults)}; the columns{of} are {columns}{hint}"
    raise DataError(message, source=table.name, columns=tuple(absent))
