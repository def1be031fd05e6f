"""Fit a calibrated model on data of any kind."""

from __future__ import annotations

import attrs

from pynomaly.application.fit_graph import fit_graph
from pynomaly.application.fit_series import fit_series
from pynomaly.application.fit_table import fit_table
from pynomaly.application.model import FittedModel
from pynomaly.application.partition import Partition, in_memory
from pynomaly.application.recipe import Progress, Recipe, no_progress
from pynomaly.domain.datasets import Table
from pynomaly.domain.graphs import Graph
from pynomaly.ports.specs import Modality


def fit(
    data: Table | Graph,
    recipe: Recipe,
    progress: Progress = no_progress,
    partition: Partition = in_memory,
) -> FittedModel:
    """A calibrated model of `data`, of the kind that the recipe says.

    Raises:
        DataError: If there is too little to learn from.
        PluginFailed: If the detector fails.
    """
    if isinstance(data, Graph):
        return fit_graph(data, recipe, progress)
    if recipe.kind is Modality.SERIES:
        model = fit_series(data, recipe, partition, progress)
    else:
        model = fit_table(data, recipe, progress)
    return attrs.evolve(model, notes=(*data.notes, *model.notes))
