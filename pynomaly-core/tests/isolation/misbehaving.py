"""Detectors that do what no detector should. One file, for any Python from 3.6 on."""

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np


class Distance:
    """Distance from the mean; and, when it scores, whatever `does` says."""

    def __init__(self, does, amount):
        self.does = does
        self.amount = amount
        self.kept = []

    def fit(self, X):
        self.mean = X.mean(axis=0)

    def score(self, X):
        getattr(self, self.does)(X)
        return np.abs(X - self.mean).sum(axis=1)

    def get_state(self):
        return {"mean": self.mean}

    def set_state(self, state):
        self.mean = state["mean"]

    def works(self, X):
        pass

    def segfaults(self, X):
        ctypes.string_at(0)

    def aborts(self, X):
        os.abort()

    def exits(self, X):
        sys.exit("enough")

    def quits(self, X):
        os._exit(3)

    def hangs(self, X):
        time.sleep(600)

    def hangs_in_c(self, X):
        """Holds the interpreter: no other thread of it runs."""
        ctypes.PyDLL(None).sleep(600)

    def meets(self, X):
        """Waits for another process to come here."""
        place = os.environ["MEETING_PLACE"]
        Path(place, str(os.getpid())).touch()
        for _ in range(600):
            if len(list(Path(place).iterdir())) > 1:
                return
            time.sleep(0.1)
        raise RuntimeError("nobody else came")

    def prints(self, X):
        sys.stdout.write("a result\n" * 1000)
        sys.stdout.flush()
        os.write(1, b'{"id": 0, "ok": true}' * 1000)
        subprocess.call([sys.executable, "-c", "print('from a child')"])
        sys.stdin.read()

    def shouts(self, X):
        line = "x" * 1023 + "\n"
        for _ in range(3 * 1024):
            sys.stderr.write(line)

    def hoards(self, X):
        self.kept.append(np.empty(self.amount * 2**17))

    def keeps_its_input(self, X):
        """As neighbour methods do: what was kept must stay what it was."""
        for before, total in self.kept:
            if before.sum() != total:
                raise RuntimeError("what was kept has changed")
        self.kept.append((X, X.sum()))

    def changes_its_input(self, X):
        X[:] = 0

    def raises(self, X):
        raise ValueError("no such luck")

    def complains(self, X):
        raise RuntimeError("x" * 5000000)

    def spawns(self, X):
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "a-child-of-ours"])


class Unsavable(Distance):
    get_state = None
    set_state = None


def create(id, params, seed):
    kind = Unsavable if params.get("unsavable") else Distance
    return kind(params.get("does", "works"), params.get("amount", 0))
