"""Logs go to stderr, never to stdout, where results go."""

import contextvars
import json

from pynomaly.logs import configure_logs, get_logger


def logged(capsys, *, level="info", as_json=False):
    def run():
        configure_logs(level, as_json=as_json)
        logger = get_logger("test")
        logger.debug("small")
        logger.warning("large", rows=3)

    contextvars.copy_context().run(run)
    return capsys.readouterr()


def test_logs_go_to_stderr(capsys):
    captured = logged(capsys)
    assert captured.out == ""
    assert "large" in captured.err
    assert "rows=3" in captured.err


def test_logs_below_the_level_are_dropped(capsys):
    assert "small" not in logged(capsys).err
    assert "small" in logged(capsys, level="debug").err


def test_as_json_each_line_is_an_object(capsys):
    (line,) = logged(capsys, as_json=True).err.splitlines()
    event = json.loads(line)
    assert (event["event"], event["rows"], event["level"], event["logger"]) == (
        "large",
        3,
        "warning",
        "test",
    )
