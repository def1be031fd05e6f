"""Fit a calibrated model on data of any kind."""

from __future__ import annotations

from pynomaly.application.fit_series import fit_series
from pynomaly.application.fit_table import fit_table
from pynomaly.application.model import FittedModel
from pynomaly.application.partition import Partition, in_memory
from pynomaly.application.recipe import Progress, Recipe, no_progress
from pynomaly.domain.datasets import Table
from pynomaly.ports.specs import Modality


def fit(
    table: Table,
    recipe: Recipe,
    progress: Progress = no_progress,
    partition: Partition = in_memory,
) -> FittedModel:
    """A calibrated model of `table`, of the kind that the recipe says.

    Raises:
        DataError: If there is too little to learn from.
        PluginFailed: If the detector fails.
    """
    if recipe.kind is Modality.SERIES:
        return fit_series(table, recipe, partition, progress)
    return fit_table(table, recipe, progress)
