"""A signal ends a command, whatever code it meets, and what was begun is cleaned up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

PROGRAM = """
import os, sys, time
import click
from pynomaly import cli


class Swallows:
    '''Where a signal comes in a destructor, Python drops the exception.'''

    def __del__(self):
        os.kill(os.getpid(), int(sys.argv[1]))
        time.sleep(0)


@click.command()
def goes_on():
    try:
        Swallows()
        while True:
            time.sleep(0.01)
    finally:
        time.sleep(1)  # longer than it takes for the signal to be raised again
        click.echo("cleaned up")


@click.command()
def fails():
    Swallows()
    raise TypeError("what native code made of it")


@click.command()
def ends():
    Swallows()
    click.echo("done")


cli.COMMANDS = {name: ("__main__:" + name, "") for name in ("goes_on", "fails", "ends")}
cli.main(sys.argv[2:])
"""


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def number(request):
    return request.param


def run(number, command):
    arguments = [sys.executable, "-c", PROGRAM, str(int(number)), command]
    return subprocess.run(arguments, capture_output=True, encoding="utf-8", check=False, timeout=60)


def test_a_signal_that_is_swallowed_ends_the_command_all_the_same(number):
    done = run(number, "goes_on")
    assert done.returncode == 128 + number
    assert done.stdout == "cleaned up\n"
    assert done.stderr.strip() == ""


def test_an_error_that_foreign_code_makes_of_a_signal_is_no_fault(number):
    done = run(number, "fails")
    assert done.returncode == 128 + number
    assert done.stderr.strip() == ""


def test_a_command_that_ended_before_the_signal_came_again_is_done(number):
    done = run(number, "ends")
    assert (done.returncode, done.stdout) == (0, "done\n")
