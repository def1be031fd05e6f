"""The kit's checks for loaders, publishers and explainers: good ones pass, each can fail."""

from __future__ import annotations

import polars as pl
import pytest

from pynomaly.testing import Status, load_package, run_checks
from pynomaly.testing.explainers import EXPLAINER_CHECKS
from pynomaly.testing.formats import LOADER_CHECKS, PUBLISHER_CHECKS

HOOKS = """
from pynomaly.ports import ExplainerSpec, LoaderSpec, PublisherSpec, hookimpl
WORDS = dict(title="Title", summary="Summary.")

@hookimpl
def pynomaly_loaders():
    yield LoaderSpec(id="mine.load", factory="broken_formats:{loader}", suffixes={suffixes},
                     schemes={schemes}, requires={loader_requires},
                     install="pip install it", **WORDS)

@hookimpl
def pynomaly_publishers():
    yield PublisherSpec(id="mine.publish", factory="broken_formats:{publisher}",
                        suffixes={suffixes}, **WORDS)

@hookimpl
def pynomaly_explainers():
    yield ExplainerSpec(id="mine.explain", factory="broken_formats:{explainer}",
                        requires={requires}, install="pip install it", **WORDS)
"""

CODE = """
import os
from itertools import count
from pathlib import Path
import numpy as np
import polars as pl
from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import DataError, OutputError

def read(uri):
    try:
        return pl.read_ipc(uri)
    except FileNotFoundError:
        raise DataError("is not there", source=uri)
    except Exception as error:
        raise DataError(f"is damaged: {error}", source=uri)

def load(uri, options):
    return Table.from_frame(read(uri), uri)

def load_nothing(uri, options):
    return Table.from_frame(read(uri).clear(), uri)

def load_once(uri, options):
    frame, times = read(uri), count()
    def frames(size, columns):
        frame_now = frame if next(times) % 2 == 0 else frame.head(1)
        return iter([frame_now])
    return Table(uri, frame.schema, frames)

def load_miscounted(uri, options):
    frame = read(uri)
    return Table(uri, frame.schema, lambda size, columns: iter([frame]), rows=99)

def load_shuffled(uri, options):
    frame = read(uri)
    def frames(size, columns):
        return iter([frame if size > 2000 else frame.reverse()])
    return Table(uri, frame.schema, frames)

def load_other_columns(uri, options):
    frame = read(uri)
    def frames(size, columns):
        if len(columns) < frame.width:
            return iter([frame.reverse()])
        return iter([frame])
    return Table(uri, frame.schema, frames)

def load_vaguely(uri, options):
    try:
        return load(uri, options)
    except DataError:
        raise DataError("something is wrong")

def load_anything(uri, options):
    try:
        return load(uri, options)
    except DataError:
        return Table.from_frame(pl.DataFrame({"a": [1]}), uri)

def load_loosely(uri, options):
    try:
        return load(uri, options)
    except DataError:
        raise Loose(uri)

class Loose(DataError):
    def __init__(self, uri):
        self.uri = uri
        super().__init__("is not there")
    def __str__(self):
        return f"cannot read {self.uri}"

def load_rudely(uri, options):
    try:
        return Table.from_frame(pl.read_ipc(uri), uri)
    except FileNotFoundError:
        raise DataError("is not there", source=uri)

class Publish:
    def __init__(self, uri, schema):
        self.path, self.frames = Path(uri), [schema.to_frame()]
        self.part = self.path.with_name(self.path.name + ".part")
        try:
            self.part.touch()
        except OSError as error:
            raise OutputError(uri, error.strerror)
    def write(self, frame):
        self.frames.append(frame)
    def commit(self):
        pl.concat(self.frames).write_ipc(self.part)
        os.replace(self.part, self.path)
    def abort(self):
        self.part.unlink(missing_ok=True)

class Hasty(Publish):
    def write(self, frame):
        super().write(frame)
        self.path.touch()

class Littering(Publish):
    def commit(self):
        super().commit()
        self.part.touch()

class Careless(Publish):
    def abort(self): pass

class Twice(Publish):
    def abort(self): self.part.unlink()

class Truncating(Publish):
    def __init__(self, uri, schema):
        super().__init__(uri, schema)
        self.path.write_bytes(b"")

class Timid(Publish):
    def commit(self):
        if self.path.exists(): self.part.unlink()
        else: super().commit()

class Blunt(Publish):
    def __init__(self, uri, schema):
        try:
            super().__init__(uri, schema)
        except OutputError:
            raise OSError("no")

class Vague(Publish):
    def __init__(self, uri, schema):
        try:
            super().__init__(uri, schema)
        except OutputError:
            raise OutputError("somewhere", "no")

class Making(Publish):
    def __init__(self, uri, schema):
        Path(uri).parent.mkdir(exist_ok=True)
        super().__init__(uri, schema)

class Rounding(Publish):
    def write(self, frame): super().write(frame.with_columns(pl.col("real").round(1)))

class Filling(Publish):
    def write(self, frame): super().write(frame.with_columns(pl.col("word").fill_null("")))

class Renaming(Publish):
    def commit(self):
        pl.concat(self.frames).rename({"word": "Word"}).write_ipc(self.part)
        os.replace(self.part, self.path)

class Sparing(Publish):
    def commit(self):
        if len(self.frames) > 1: super().commit()
        else: self.abort()

class Explain:
    def __init__(self, params, seed): pass
    def explain(self, detector, background, X):
        base = np.median(background, axis=0)
        given = detector.score(X)
        parts = []
        for j in range(X.shape[1]):
            changed = X.copy()
            changed[:, j] = base[j]
            parts.append(given - detector.score(changed))
        return np.stack(parts, axis=1)

class Flat(Explain):
    def explain(self, *args): return super().explain(*args).sum(axis=1)

class Reversed(Explain):
    def explain(self, *args): return super().explain(*args)[:, ::-1].copy()

class Moody(Explain):
    def explain(self, *args):
        found = super().explain(*args)
        return found + np.random.default_rng().random(found.shape) * 1e-6

class NotANumber(Explain):
    def explain(self, *args): return super().explain(*args) * np.nan
"""

GOOD = {"loader": "load", "publisher": "Publish", "explainer": "Explain"}

BROKEN = [
    ("loader", "load_nothing", "opens_as_a_table", "no rows"),
    ("loader", "load_once", "reads_the_same_again", "the second time"),
    ("loader", "load_miscounted", "counts_its_rows_truly", "says 99 rows and gives 7"),
    ("loader", "load_shuffled", "gives_batches_that_make_the_whole", "batches of 1 rows"),
    ("loader", "load_other_columns", "reads_only_the_columns_that_are_asked_for", "asked for"),
    ("loader", "load_vaguely", "names_a_file_that_is_not_there", "does not name absent.mine"),
    ("loader", "load_anything", "names_a_file_that_is_not_there", "gives a table"),
    ("loader", "load_anything", "names_a_uri_that_leads_nowhere", "gives a table"),
    ("loader", "load_vaguely", "names_a_uri_that_leads_nowhere", "does not name pynomaly-kit"),
    ("loader", "load_loosely", "keeps_secrets_to_itself", "shows the secret of mine"),
    ("loader", "load_rudely", "reads_or_refuses_an_empty_file", "mine.load failed to read"),
    ("loader", "load_rudely", "reads_or_refuses_a_damaged_file", "mine.load failed to read"),
    ("publisher", "Hasty", "shows_nothing_before_commit", "before it is committed"),
    ("publisher", "Littering", "shows_nothing_before_commit", "not target.mine alone"),
    ("publisher", "Careless", "leaves_nothing_when_aborted", "target.mine.part"),
    ("publisher", "Twice", "leaves_nothing_when_aborted", "FileNotFoundError"),
    ("publisher", "Truncating", "keeps_the_old_file_when_aborted", "an abort changed"),
    ("publisher", "Timid", "replaces_the_old_file", "left the old file"),
    ("publisher", "Blunt", "refuses_a_folder_that_is_not_there", "OSError"),
    ("publisher", "Vague", "refuses_a_folder_that_is_not_there", "does not name target.mine"),
    ("publisher", "Making", "refuses_a_folder_that_is_not_there", "is not there"),
    ("publisher", "Rounding", "writes_what_can_be_read_again", "'real' comes back"),
    ("publisher", "Filling", "writes_what_can_be_read_again", "'word' comes back"),
    ("publisher", "Renaming", "writes_what_can_be_read_again", "columns come back"),
    ("publisher", "Sparing", "writes_no_rows", "where there are no rows"),
    ("explainer", "Flat", "gives_one_contribution_per_feature", "of shape (6,)"),
    ("explainer", "NotANumber", "gives_one_contribution_per_feature", "not all finite"),
    ("explainer", "Reversed", "points_at_the_feature_that_is_off", "0 of 4"),
    ("explainer", "Moody", "explains_the_same_again", "other contributions"),
]


@pytest.fixture
def outcomes(add_plugin):
    def run(
        *,
        suffixes=(".mine",),
        schemes=("mine",),
        samples=None,
        requires=(),
        loader_requires=(),
        **factories,
    ):
        add_plugin("broken-formats", CODE)
        words = {**GOOD, **factories}
        add_plugin(
            "pynomaly-mine",
            HOOKS.format(
                suffixes=suffixes,
                schemes=schemes,
                requires=requires,
                loader_requires=loader_requires,
                **words,
            ),
        )
        return {
            each.check: each for each in run_checks(load_package("pynomaly_mine", samples=samples))
        }

    return run


def test_good_ones_pass_every_check(outcomes):
    found = outcomes()
    assert {each.status for each in found.values()} == {Status.PASSED}
    checks = (*LOADER_CHECKS, *PUBLISHER_CHECKS, *EXPLAINER_CHECKS)
    assert {check.name for check in checks} <= found.keys()


@pytest.mark.parametrize(("kind", "broken", "check", "says"), BROKEN)
def test_a_broken_one_fails_the_check_it_breaks(outcomes, kind, broken, check, says):
    found = outcomes(**{kind: broken})[check]
    assert found.status is Status.FAILED
    assert says in found.reason


def test_every_check_is_known_to_be_able_to_fail():
    checks = (*LOADER_CHECKS, *PUBLISHER_CHECKS, *EXPLAINER_CHECKS)
    assert {check for _, _, check, _ in BROKEN} == {check.name for check in checks}


def test_what_is_no_file_is_skipped(outcomes):
    found = outcomes(suffixes=(), schemes=())
    assert found["opens_as_a_table"].status is Status.SKIPPED
    assert found["writes_no_rows"].status is Status.SKIPPED
    assert found["keeps_secrets_to_itself"].status is Status.SKIPPED


def test_a_loader_reads_the_sample_that_its_author_gives(outcomes, tmp_path):
    absent = str(tmp_path / "absent.mine")
    found = outcomes(suffixes=(), samples={"mine.load": absent})
    assert "is not there" in found["opens_as_a_table"].reason


def test_a_sample_may_be_made_when_it_is_needed(outcomes, tmp_path):
    def make():
        path = tmp_path / "made.mine"
        pl.DataFrame({"a": [1]}).write_ipc(path)
        return str(path)

    found = outcomes(samples={"mine.load": make})
    assert found["opens_as_a_table"].status is Status.PASSED
    assert (tmp_path / "made.mine").exists()


def test_a_loader_that_lacks_a_requirement_is_skipped_with_the_hint(outcomes):
    found = outcomes(loader_requires=("nowhere",))["opens_as_a_table"]
    assert found.status is Status.SKIPPED
    assert "pip install it" in found.reason


def test_an_explainer_that_lacks_a_requirement_is_skipped_with_the_hint(outcomes):
    found = outcomes(requires=("nowhere",))["explains_the_same_again"]
    assert found.status is Status.SKIPPED
    assert "pip install it" in found.reason
