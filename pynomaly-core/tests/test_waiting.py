"""Ctrl-C ends a wait for foreign code, and what was begun is cleaned up."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pynomaly.infrastructure.waiting import interruptible, wait_for

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"


@pytest.fixture
def database():
    """A connection that any thread may use; a query on it does not see signals."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    yield connection
    connection.interrupt()


@pytest.fixture
def interrupt_soon():
    """Ctrl-C in half a second."""
    timer = threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT])
    timer.start()
    yield
    timer.join()


def numbers(threads, ended, count=3):
    try:
        for number in range(count):
            threads.append(threading.get_ident())
            yield number
    finally:
        ended.append(threading.get_ident())


def test_values_are_made_in_order_when_asked_for_and_in_one_thread():
    threads, ended = [], []
    values = interruptible(numbers(threads, ended))
    assert next(values) == 0
    assert len(threads) == 1
    assert list(values) == [1, 2]
    assert set(threads) == set(ended)
    assert threading.get_ident() not in threads


def test_values_that_are_given_up_are_closed_in_their_thread():
    threads, ended = [], []
    values = interruptible(numbers(threads, ended))
    next(values)
    values.close()
    assert ended == threads


def test_an_error_comes_where_the_value_was_waited_for():
    def fails():
        yield 1
        raise LookupError("the second")

    values = interruptible(fails())
    assert next(values) == 1
    with pytest.raises(LookupError, match="the second"):
        next(values)
    assert wait_for(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        wait_for(lambda: 1 // 0)
    assert list(interruptible(iter([1, 2]))) == [1, 2]


@pytest.mark.usefixtures("interrupt_soon")
def test_an_interrupt_cancels_what_is_waited_for_and_cleans_up(database):
    cleaned = []

    def rows():
        try:
            yield database.execute(ENDLESS).fetchone()
        finally:
            cleaned.append("closed")

    with pytest.raises(KeyboardInterrupt):
        next(interruptible(rows(), database.interrupt))
    assert cleaned == ["closed"]


@pytest.mark.usefixtures("interrupt_soon")
def test_an_interrupt_leaves_alone_what_cannot_be_cancelled(database):
    with pytest.raises(KeyboardInterrupt):
        wait_for(lambda: database.execute(ENDLESS).fetchone())


def test_only_the_main_thread_needs_another_one():
    threads, ended = [], []
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: list(interruptible(numbers(threads, ended)))).result() == [
            0,
            1,
            2,
        ]
        assert set(threads) == {pool.submit(threading.get_ident).result()}


def test_a_pipe_that_gives_nothing_more_can_be_interrupted(tmp_path):
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "pynomaly", "inspect", "-"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, **pipes) as running:
        while not list(tmp_path.glob("pynomaly-*/stdin")):
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
    assert list(tmp_path.iterdir()) == []
