import sys
from pathlib import Path

import pytest

# What several of these modules need lies beside them, and so do the variants as plugins.
sys.path.insert(0, str(Path(__file__).parent))

import libraries


@pytest.fixture(params=libraries.BACKENDS, scope="session")
def library(request: pytest.FixtureRequest) -> str:
    """Each array library that can compute without a GPU."""
    name: str = request.param
    pytest.importorskip(libraries.NEEDS[name], reason=f"{libraries.NEEDS[name]} is not installed")
    return name


@pytest.fixture(params=sorted(libraries.SPECS), scope="session")
def detector(request: pytest.FixtureRequest) -> str:
    """Name of each detector, without the plugin's."""
    name: str = request.param
    return name
