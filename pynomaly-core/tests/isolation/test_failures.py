"""A worker that fails is a typed error, and the next call gets a fresh one."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pynomaly.domain.errors import (
    LimitExceeded,
    PluginFailed,
    PynomalyError,
    StateLost,
    UsageError,
    WorkerDied,
    WorkerTimeout,
)
from pynomaly.infrastructure.registry import discover

linux = pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs Linux")


def fitted(registry, rows, does="works", amount=0, name="savable"):
    params = {"does": does, "amount": amount}
    detector = registry.create_detector(f"bad.{name}", params)[2]
    detector.fit(rows)
    return detector


def expected(rows):
    return np.abs(rows - rows.mean(axis=0)).sum(axis=1)


def pids(registry):
    return [pid for room in registry.isolation.rooms for pid in room.pids]


@pytest.mark.parametrize(
    ("does", "how"),
    [("segfaults", "SIGSEGV"), ("aborts", "SIGABRT"), ("quits", "exit code 3")],
)
def test_a_crash_says_how_the_process_ended(rooms, rows, does, how):
    registry = rooms()
    detector = fitted(registry, rows, does)
    with pytest.raises(WorkerDied, match=rf"bad\.savable failed to score: .*{how}") as caught:
        detector.score(rows)
    assert (caught.value.id, caught.value.stage) == ("bad.savable", "score")
    assert pids(registry) == []


def test_a_crash_of_one_detector_leaves_the_others_what_they_learnt(rooms, rows):
    registry = rooms(workers=1)
    good, bad = fitted(registry, rows), fitted(registry, rows, "aborts")
    with pytest.raises(WorkerDied):
        bad.score(rows)
    assert np.array_equal(good.score(rows), expected(rows))


def test_what_cannot_be_saved_is_lost_with_its_process_until_it_is_fitted_again(rooms, rows):
    registry = rooms(workers=1)
    good, bad = fitted(registry, rows, name="unsavable"), fitted(registry, rows, "aborts")
    with pytest.raises(WorkerDied):
        bad.score(rows)
    with pytest.raises(StateLost, match="fit it again"):
        good.score(rows)
    good.fit(rows)
    assert np.array_equal(good.score(rows), expected(rows))


def test_a_process_that_is_killed_at_work_says_what_may_have_killed_it(rooms, rows):
    registry = rooms()
    detector = fitted(registry, rows, "hangs")
    (pid,) = pids(registry)
    kill = threading.Timer(0.5, os.kill, (pid, signal.SIGKILL))
    kill.start()
    with pytest.raises(WorkerDied, match="SIGKILL, as when memory runs out"):
        detector.score(rows)


def test_processes_that_were_killed_while_idle_are_replaced_unnoticed(rooms, rows):
    registry = rooms(workers=2)
    detector = fitted(registry, rows)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(detector.score, [rows] * 20))
    before = pids(registry)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert np.array_equal(detector.score(rows), expected(rows))
    assert not set(pids(registry)) & set(before)


@pytest.mark.parametrize("does", ["hangs", "hangs_in_c"])
def test_a_call_that_takes_too_long_is_ended_with_its_process(rooms, rows, does):
    registry = rooms(call_seconds=0.5)
    detector = fitted(registry, rows, does)
    with pytest.raises(WorkerTimeout, match=r"longer than 0\.5 s"):
        detector.score(rows)
    assert pids(registry) == []


def test_children_of_a_process_are_ended_with_it(rooms, rows, tmp_path):
    registry = rooms()
    detector = fitted(registry, rows, "spawns")
    detector.score(rows)
    registry.isolation.close()  # no_process_is_left looks for the child


def test_what_is_printed_never_gets_into_the_protocol(rooms, rows, capfd):
    detector = fitted(rooms(), rows, "prints")
    for _ in range(3):
        assert np.array_equal(detector.score(rows), expected(rows))
    assert capfd.readouterr() == ("", "")


def test_three_megabytes_of_warnings_stop_nothing_and_their_end_is_kept(rooms, rows):
    registry = rooms()
    detector = fitted(registry, rows, "shouts")
    assert np.array_equal(detector.score(rows), expected(rows))
    with pytest.raises(WorkerDied, match="its last words: xxx") as caught:
        fitted(registry, rows, "aborts").score(rows)
    assert 1000 < len(caught.value.last_words) <= 2**16
    assert len(str(caught.value)) < 500


@linux
def test_memory_beyond_the_limit_is_an_error_and_the_process_goes_on(rooms, rows):
    registry = rooms(memory_mib=4096)
    detector = fitted(registry, rows, "hoards", amount=8192)
    before = pids(registry)
    with pytest.raises(LimitExceeded, match=r"4,096 MiB") as caught:
        detector.score(rows)
    assert caught.value.limit == "memory"
    assert pids(registry) == before


@linux
def test_a_leak_ends_at_the_limit(rooms, rows):
    detector = fitted(rooms(memory_mib=4096), rows, "hoards", amount=600)

    def score_often():
        for _ in range(20):
            detector.score(rows)

    with pytest.raises(LimitExceeded):
        score_often()


def test_the_errors_that_a_detector_raises_are_those_that_it_raises_here(rooms, rows):
    registry = rooms()
    with pytest.raises(ValueError, match=r"^no such luck$"):
        fitted(registry, rows, "raises").score(rows)
    with pytest.raises(PluginFailed, match=r"^bad\.savable failed to score: xxx") as caught:
        fitted(registry, rows, "complains").score(rows)
    assert len(str(caught.value)) < 2**17
    with pytest.raises(PluginFailed, match="enough"):
        fitted(registry, rows, "exits").score(rows)
    with pytest.raises(ValueError, match="read-only"):
        fitted(registry, rows, "changes_its_input").score(rows)
    assert len(pids(registry)) == 1


def test_large_rows_that_a_detector_keeps_stay_what_they_were(rooms):
    detector = fitted(rooms(), np.zeros((1, 3)), "keeps_its_input")
    for seed in range(4):
        X = np.random.default_rng(seed).standard_normal((100_000, 3))
        assert np.array_equal(detector.score(X), np.abs(X).sum(axis=1))


def test_an_unfitted_detector_fails_as_it_does_here(rooms, rows):
    detector = rooms().create_detector("bad.savable")[2]
    with pytest.raises(PluginFailed, match="no attribute 'mean'"):
        detector.score(rows)


def test_arguments_that_cannot_be_sent_are_named(rooms):
    detector = rooms().create_detector("bad.savable")[2]
    with pytest.raises(TypeError, match="arguments/0: arrays of object"):
        detector.fit(np.array([[object()]]))


def test_it_has_the_methods_that_the_real_one_has(rooms):
    detector = rooms().create_detector("bad.savable")[2]
    assert callable(detector.fit)
    assert not hasattr(detector, "fit_score")
    assert not hasattr(detector, "_kept")


def test_two_threads_are_served_at_once(rooms, rows, tmp_path, monkeypatch):
    place = tmp_path / "meeting"
    place.mkdir()
    monkeypatch.setenv("MEETING_PLACE", str(place))
    detector = fitted(rooms(workers=2), rows, "meets")
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(detector.score, [rows, rows[:7]]))
    assert np.array_equal(found[0], expected(rows))
    assert np.array_equal(found[1], expected(rows)[:7])


def test_many_threads_share_few_processes_and_get_their_own_results(rooms, rows):
    registry = rooms(workers=2)
    detectors = [fitted(registry, rows + shift) for shift in range(3)]

    def score(i):
        return detectors[i % 3].score(rows[: 1 + i % 50])

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(score, range(120)))
    for i, scores in enumerate(found):
        centre = (rows + i % 3).mean(axis=0)
        assert np.array_equal(scores, np.abs(rows[: 1 + i % 50] - centre).sum(axis=1))
    assert len(pids(registry)) <= 2


def test_a_crash_under_one_thread_is_no_other_threads_error(rooms, rows):
    registry = rooms(workers=2)
    good, bad = fitted(registry, rows), fitted(registry, rows, "aborts")

    def crash(_):
        with pytest.raises(WorkerDied):
            bad.score(rows)

    with ThreadPoolExecutor(4) as pool:
        crashes = [pool.submit(crash, i) for i in range(6)]
        scores = [pool.submit(good.score, rows) for _ in range(20)]
        assert all(np.array_equal(each.result(), expected(rows)) for each in scores)
        assert [each.result() for each in crashes] == [None] * 6


def test_a_worker_outlives_the_thread_that_started_it(rooms, rows):
    registry = rooms(workers=1)
    made = []
    thread = threading.Thread(target=lambda: made.append(fitted(registry, rows)))
    thread.start()
    thread.join()
    before = pids(registry)
    time.sleep(1.2)  # longer than a watchdog looks away
    assert np.array_equal(made[0].score(rows), expected(rows))
    assert pids(registry) == before


def test_an_interrupted_call_ends_its_process(rooms, rows):
    registry = rooms(workers=1)
    detector = fitted(registry, rows, "hangs")
    interrupt = threading.Timer(0.5, os.kill, (os.getpid(), 2))
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        detector.score(rows)
    assert pids(registry) == []


def test_a_room_that_was_closed_opens_again(rooms, rows):
    registry = rooms()
    detector = fitted(registry, rows)
    registry.isolation.close()
    assert pids(registry) == []
    assert np.array_equal(detector.score(rows), expected(rows))


def test_the_setting_names_plugins_that_there_are(misbehaving):
    from pynomaly.infrastructure.isolation import IsolationSettings

    with pytest.raises(UsageError, match=r"isolation\.plugins.*'bed'.*did you mean bad"):
        discover(isolation=IsolationSettings(plugins=["bed"]))
    assert issubclass(UsageError, PynomalyError)
