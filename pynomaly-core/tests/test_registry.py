"""From ids to working objects."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from pynomaly.domain.errors import (
    DataError,
    InvalidParams,
    MissingRequirement,
    OutputError,
    PluginFailed,
    PynomalyError,
    UnknownId,
    UsageError,
)
from pynomaly.infrastructure.formats import for_suffix, for_uri
from pynomaly.infrastructure.registry import Plugin, Problem, Registry
from pynomaly.ports import Capability, DetectorSpec, LoaderSpec, PublisherSpec
from pynomaly.ports.params import NoParams

CODE = """
import attrs
from pynomaly.domain.errors import DataError
from pynomaly.ports.params import param

@attrs.frozen
class Params:
    power: float = param(1.0, gt=0, help="Power.")

class Largest:
    def __init__(self, power, seed): self.power, self.seed = power, seed
    def fit(self, X): pass
    def score(self, X): return abs(X).max(axis=1) ** self.power

def make(spec, params, seed): return Largest(params.power, seed)
def make_nothing(spec, params, seed): return None
def make_failing(spec, params, seed): raise RuntimeError("no")
def make_leaving(spec, params, seed): raise SystemExit(3)
def make_picky(spec, params, seed): raise DataError("not such data")
"""


def detector(id, **more):
    more = {"title": "T", "summary": "S", "factory": "pynomaly_mine:make", **more}
    return DetectorSpec(id=id, **more)


def registry_of(*specs, **more):
    kinds = {DetectorSpec: "detectors", LoaderSpec: "loaders", PublisherSpec: "publishers"}
    found = {}
    for spec in specs:
        found.setdefault(spec.plugin, {}).setdefault(kinds[type(spec)], []).append(spec)
    plugins = [
        Plugin(name, f"pynomaly-{name}", "1.0", "", "", {k: tuple(v) for k, v in each.items()})
        for name, each in found.items()
    ]
    return Registry(tuple(plugins), **more)


@pytest.fixture
def mine(add_plugin):
    add_plugin("pynomaly-mine", CODE)

    def registry(**more):
        return registry_of(detector("mine.largest", params="pynomaly_mine:Params", **more))

    return registry


def test_specs_are_sorted_by_id_across_plugins():
    registry = registry_of(detector("b.two"), detector("a.two"), detector("b.one"))
    assert [spec.id for spec in registry.specs("detectors")] == ["a.two", "b.one", "b.two"]


@pytest.mark.parametrize(
    ("asked", "suggested"),
    [
        ("iforest", ("fast.iforest", "sklearn.iforest")),
        ("fast.iforst", ("fast.iforest",)),
        ("FAST.IFOREST", ("fast.iforest",)),
        ("pyod.iforest", ("fast.iforest", "sklearn.iforest")),
        ("zzz", ()),
    ],
)
def test_an_unknown_id_gets_suggestions(asked, suggested):
    registry = registry_of(
        detector("fast.iforest"), detector("sklearn.iforest"), detector("fast.ecod")
    )
    with pytest.raises(UnknownId) as caught:
        registry.get("detectors", asked)
    assert caught.value.suggestions[: len(suggested)] == suggested
    assert bool(caught.value.suggestions) == bool(suggested)


def test_an_id_of_a_disabled_plugin_says_that_it_is_disabled():
    with pytest.raises(UsageError, match="plugin fast, which is disabled"):
        Registry(disabled=("fast",)).get("detectors", "fast.iforest")


def test_an_id_of_a_broken_plugin_says_what_broke():
    problem = Problem("fast", "load", "ModuleNotFoundError: No module named 'numba'")
    with pytest.raises(PluginFailed, match="No module named 'numba'"):
        Registry(problems=(problem,)).get("detectors", "fast.iforest")


def test_a_detector_is_created_with_typed_params_and_the_seed(mine):
    spec, params, created = mine().create_detector("mine.largest", {"power": 2}, seed=5)
    assert spec.id == "mine.largest"
    assert params.power == 2.0
    assert (created.power, created.seed) == (2.0, 5)
    assert created.score(np.array([[1.0, -3.0]])) == [9.0]


def test_invalid_params_are_reported_all_at_once(mine):
    with pytest.raises(InvalidParams) as caught:
        mine().create_detector("mine.largest", {"power": -1, "pwoer": 2})
    assert {name for name, _ in caught.value.errors} == {"power", "pwoer"}


def test_a_missing_requirement_gives_the_command_that_installs_it(mine):
    registry = mine(requires=("no_such_library", "json"), install="pip install that[torch]")
    (spec,) = registry.specs("detectors")
    assert registry.missing(spec) == ("no_such_library",)
    with pytest.raises(MissingRequirement, match=r"run `pip install that\[torch\]`") as caught:
        registry.create_detector("mine.largest")
    assert caught.value.packages == ("no_such_library",)


def test_a_missing_requirement_without_a_hint_names_the_package(mine):
    with pytest.raises(MissingRequirement, match="run `pip install no_such_library`"):
        mine(requires=["no_such_library"]).create_detector("mine.largest")


def test_looking_for_a_requirement_imports_nothing(mine):
    registry = mine(requires=("turtle", "wave.sub"))
    assert not registry.missing(registry.specs("detectors")[0])
    assert "turtle" not in sys.modules


def test_a_module_that_nobody_imported_counts_as_present(mine, monkeypatch):
    monkeypatch.setitem(sys.modules, "handmade", type(sys)("handmade"))
    registry = mine(requires=["handmade"])
    assert not registry.missing(registry.specs("detectors")[0])


@pytest.mark.parametrize(
    ("factory", "says"),
    [
        ("pynomaly_mine:nowhere", "has no attribute 'nowhere'"),
        ("no_such_module:make", "No module named 'no_such_module'"),
        ("pynomaly_mine:make_nothing", "NoneType has no method fit or score"),
        ("pynomaly_mine:make_failing", "RuntimeError: no"),
        ("pynomaly_mine:make_leaving", "SystemExit: 3"),
    ],
)
def test_a_factory_that_fails_is_the_plugins_failure(mine, factory, says):
    with pytest.raises(PluginFailed, match=says) as caught:
        mine(factory=factory).create_detector("mine.largest")
    assert caught.value.id == "mine.largest"


def test_an_error_of_ours_in_a_factory_stays_as_it_is(mine):
    with pytest.raises(DataError, match="not such data"):
        mine(factory="pynomaly_mine:make_picky").create_detector("mine.largest")


def test_a_detector_that_claims_to_save_must_have_a_state(mine):
    with pytest.raises(PluginFailed, match="no method get_state or set_state"):
        mine(capabilities={Capability.SAVES}).create_detector("mine.largest")


def test_no_params_class_means_no_params():
    registry = registry_of(detector("mine.plain"))
    assert registry.params_class(registry.specs("detectors")[0]) is NoParams


def loader(id, *suffixes, schemes=()):
    return LoaderSpec(
        id=id, title="T", summary="S", factory="a:b", suffixes=suffixes, schemes=schemes
    )


@pytest.fixture
def formats():
    return registry_of(
        loader("core.csv", ".csv", ".csv.gz", schemes=["-"]),
        loader("zip.any", ".gz", ".csv"),
        loader("db.sql", schemes=["sqlite"]),
        PublisherSpec(id="core.csvout", title="T", summary="S", factory="a:b", suffixes=[".csv"]),
    )


@pytest.mark.parametrize(
    ("uri", "id"),
    [
        ("data.csv.gz", "core.csv"),
        ("data.gz", "zip.any"),
        ("DATA.CSV", "core.csv"),
        ("folder/data.csv", "core.csv"),
        ("logs/*.csv", "core.csv"),
        ("file:///data/a.csv", "core.csv"),
        ("sqlite:///a.db", "db.sql"),
        ("SQLITE:///a.csv", "db.sql"),
        ("C:/data/a.csv", "core.csv"),
        ("-", "core.csv"),
    ],
)
def test_scheme_then_longest_suffix_then_the_core_choose_the_loader(formats, uri, id):
    assert for_uri(formats, "loaders", uri).id == id


def test_a_folder_goes_by_the_files_in_it(formats, tmp_path):
    (tmp_path / "part").mkdir()
    (tmp_path / "readme.md").touch()
    (tmp_path / "part" / "0.csv").touch()
    assert for_uri(formats, "loaders", str(tmp_path)).id == "core.csv"
    with pytest.raises(OutputError):
        for_uri(formats, "publishers", str(tmp_path))


def test_an_existing_file_may_have_a_colon_in_its_name(formats, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "at12:30.csv").touch()
    assert for_uri(formats, "loaders", "at12:30.csv").id == "core.csv"


@pytest.mark.parametrize("uri", ["data.xyz", "", "data"])
def test_an_unknown_format_lists_what_can_be_read(formats, uri):
    with pytest.raises(DataError, match=r"can be read: \.csv, \.csv\.gz, \.gz; the option format"):
        for_uri(formats, "loaders", uri)


def test_an_unknown_scheme_lists_those_that_are_known(formats):
    with pytest.raises(DataError, match=r"knows s3:; those that are known: sqlite:$"):
        for_uri(formats, "loaders", "s3://bucket/a.csv")
    with pytest.raises(OutputError, match="knows s3:; those that are known: none"):
        for_uri(formats, "publishers", "s3://bucket/a.csv")


def test_an_unknown_output_format_lists_what_can_be_written(formats):
    with pytest.raises(OutputError, match=r"can be written: \.csv$"):
        for_suffix(formats, "publishers", "data.xyz")


def test_without_any_plugin_nothing_can_be_read():
    with pytest.raises(PynomalyError, match="no plugin offers it"):
        for_uri(Registry(), "loaders", "data.csv")


@pytest.mark.parametrize(
    "code",
    ["class P:\n    pass", "import attrs\n@attrs.frozen\nclass P:\n    a: int"],
    ids=["no attrs class", "no default"],
)
def test_a_params_class_that_is_none_is_the_plugins_fault(
    write_plugin, run_pynomaly, tmp_path, code
):
    detector = (
        "from pynomaly.ports import DetectorSpec, hookimpl\n"
        f"{code}\n"
        "@hookimpl\ndef pynomaly_detectors():\n"
        "    yield DetectorSpec(id='acme.x', title='X', summary='X.', factory='json:loads',"
        " params='pynomaly_acme:P')\n"
    )
    write_plugin("pynomaly-acme", detector)
    for command in (["detectors", "show", "acme.x"], ["detect", "x.csv", "-d", "acme.x"]):
        (tmp_path / "x.csv").write_text("a\n1\n2\n")
        done = run_pynomaly(*command)
        assert done.returncode == 2
        assert "acme.x failed to load: pynomaly_acme:P is no attrs class" in done.stderr
