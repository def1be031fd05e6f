"""A fit stops at its limit of time or memory."""

import subprocess
import sys
import threading
import time

import psutil
import pytest

from pynomaly.domain.errors import LimitExceeded
from pynomaly.infrastructure.limits import run_limited


def spin():
    while True:
        time.sleep(0.001)


def test_a_function_over_its_time_is_stopped_and_the_way_out_named():
    with pytest.raises(LimitExceeded, match="--time-limit") as caught:
        run_limited(spin, seconds=0.1)
    assert caught.value.limit == "time"


def test_a_function_over_its_memory_is_stopped():
    def hoard():
        held = [b"x" * 2**20 for _ in range(300)]
        spin()
        held.clear()

    room = psutil.Process().memory_info().rss // 2**20 + 100
    with pytest.raises(LimitExceeded, match="--memory-limit") as caught:
        run_limited(hoard, mib=room)
    assert caught.value.limit == "memory"


def test_a_process_that_takes_too_much_already_begins_no_fit():
    begun = []
    with pytest.raises(LimitExceeded, match="limit of 1 MiB"):
        run_limited(lambda: begun.append(True), mib=1)
    assert not begun


def test_code_that_swallows_exceptions_is_stopped_as_well():
    def stubborn():
        while True:
            try:
                spin()
            except Exception:  # noqa: BLE001, S112
                continue

    with pytest.raises(LimitExceeded):
        run_limited(stubborn, seconds=0.1)


def test_code_that_does_not_return_to_python_ends_the_process():
    stopped = threading.Event()
    ended = []

    def stop_process(exceeded):
        ended.append(exceeded)
        stopped.set()

    # wait() returns to Python only when the event is set: an exception cannot get in
    with pytest.raises(LimitExceeded):
        run_limited(stopped.wait, seconds=0.05, stop_process=stop_process)
    assert ended[0].limit == "time"


def test_within_its_limits_a_function_runs_to_its_end():
    assert run_limited(lambda: sum(range(1000)), seconds=60, mib=100_000) == 499_500


def test_errors_of_the_function_pass_through():
    with pytest.raises(ZeroDivisionError):
        run_limited(lambda: 1 / 0, seconds=60)


def test_a_limit_reached_as_the_function_ends_harms_nothing_afterwards():
    for wait in (0.04, 0.045, 0.05, 0.055, 0.06) * 4:
        try:
            run_limited(lambda wait=wait: time.sleep(wait), seconds=0.001, stop_process=pytest.fail)
        except LimitExceeded:
            continue
    time.sleep(0.2)
    assert "pynomaly-fit-limits" not in {thread.name for thread in threading.enumerate()}


def test_a_program_that_is_traced_goes_on_after_a_limited_fit():
    program = (
        "import sys; from pynomaly.infrastructure.limits import run_limited;"
        "sys.settrace(lambda *_: None);"
        "run_limited(lambda: None, seconds=60);"
        "print(sum(map(lambda i: i, range(1000))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "499500\n"
