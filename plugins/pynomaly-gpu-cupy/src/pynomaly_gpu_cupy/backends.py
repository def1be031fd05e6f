"""The array libraries that detectors compute with: CuPy on a GPU, else NumPy.

Detectors use the array API standard alone (https://data-apis.org/array-api), in float64. What the
standard leaves open, such as the way on to a device and back, is a `Backend`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from pynomaly.domain.errors import DeviceUnavailable, MissingRequirement
from pynomaly.ports.runtime import AUTO, CPU, Runtime

Array = Any
"""An array of the library that computes."""
Floats = npt.NDArray[np.float64]
Host = npt.NDArray[Any]

INSTALL = "pip install 'pynomaly-gpu-cupy[cuda12x]'"

_MIB = 2**20
_CPU_MIB = 32
"""Memory that NumPy works in: chunks of rows that stay near the processor."""


@attrs.frozen(eq=False)
class Backend:
    """An array library on a device.

    Attributes:
        xp: Its namespace, as `array_api_compat` gives it.
        to_device: An array of NumPy's, there. It may share memory, and is never written to.
        to_host: The way back.
        memory: Bytes that work may take at a time.
        active: A context in which the library computes on the device.
        notes: What the user should know about the choice.
    """

    xp: Any
    to_device: Callable[[Host], Array]
    to_host: Callable[[Array], Host]
    memory: Callable[[], int]
    active: Callable[[], AbstractContextManager[None]]
    notes: tuple[str, ...] = ()


def choose_backend(id: str, runtime: Runtime) -> Backend:
    """What the detector called `id` computes with where `runtime` says.

    Raises:
        MissingRequirement: If CuPy is asked for and not installed.
        DeviceUnavailable: If there is no such device.
    """
    kind, _, number = runtime.device.partition(":")
    if kind == CPU:
        return numpy_backend(runtime)
    if kind not in {AUTO, "cuda"}:
        raise DeviceUnavailable(id, runtime.device, "it knows cuda and cpu")
    try:
        return cupy_backend(id, runtime, int(number or 0))
    except (MissingRequirement, DeviceUnavailable) as reason:
        if kind != AUTO:
            raise
        note = f"no GPU was used: {reason}; NumPy computed instead, as with --device cpu"
        return numpy_backend(runtime, notes=(note,))


def numpy_backend(runtime: Runtime, notes: tuple[str, ...] = ()) -> Backend:
    """NumPy on the processor."""
    from array_api_compat import numpy as xp

    def active() -> AbstractContextManager[None]:
        return np.errstate(all="ignore")

    size = (runtime.memory_mib or _CPU_MIB) * _MIB
    return Backend(xp, np.asarray, np.asarray, lambda: size, active, notes)


def cupy_backend(id: str, runtime: Runtime, number: int) -> Backend:
    """CuPy on the GPU with this number.

    Raises:
        MissingRequirement: If CuPy is not installed.
        DeviceUnavailable: If it cannot be imported, or there is no such GPU.
    """
    cupy = _import_cupy(id, runtime.device, number)
    from array_api_compat import cupy as xp

    device = cupy.cuda.Device(number)

    def memory() -> int:
        if runtime.memory_mib:
            return runtime.memory_mib * _MIB
        with device:
            pooled = cupy.get_default_memory_pool().free_bytes()
            return int(device.mem_info[0] + pooled) // 2

    @contextmanager
    def active() -> Iterator[None]:
        stream = cupy.cuda.Stream.ptds if runtime.stream == "per_thread" else nullcontext()
        with device, stream:
            try:
                yield
                cupy.cuda.get_current_stream().synchronize()
            except cupy.cuda.memory.OutOfMemoryError as error:
                reason = f"its memory ran out ({error}): set device_mib, lower if it is set"
                raise DeviceUnavailable(id, f"cuda:{number}", reason) from error

    return Backend(xp, cupy.asarray, cupy.asnumpy, memory, active)


def _import_cupy(id: str, device: str, number: int) -> Any:
    """CuPy, where it has a GPU with this number."""
    if find_spec("cupy") is None:
        raise MissingRequirement(id, ["cupy"], INSTALL)
    device = "cuda" if device == AUTO else device
    try:
        import cupy

        count = cupy.cuda.runtime.getDeviceCount()
    except (ImportError, RuntimeError) as error:
        reason = f"CuPy finds no GPU ({error}): look at the driver with `nvidia-smi`"
        raise DeviceUnavailable(id, device, reason) from error
    if number >= count:
        present = ", ".join(f"cuda:{i}" for i in range(count)) or "none"
        raise DeviceUnavailable(id, device, f"the GPUs of this machine are: {present}")
    return cupy
