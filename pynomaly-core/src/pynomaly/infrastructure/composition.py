"""The composition root: which implementation stands behind each service."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pynomaly.infrastructure.registry import Registry, discover
from pynomaly.infrastructure.settings import Settings, load_settings

if TYPE_CHECKING:
    import svcs


def compose(settings: Settings | None = None) -> svcs.Container:
    """The services of this process: `Settings` and the plugin `Registry`, made when first asked."""
    import svcs  # costs a command line some 0.1 s of CPU, so not before it is needed

    services = svcs.Registry()
    services.register_factory(Settings, lambda: settings or load_settings())

    def registry(container: svcs.Container) -> Registry:
        settings = container.get(Settings)
        return discover(disable=settings.disable, isolation=settings.isolation)

    services.register_factory(Registry, registry, ping=lambda registry: registry.specs("detectors"))
    return svcs.Container(services)


@cache
def services() -> svcs.Container:
    """The services of this process, composed at first use."""
    return compose()
