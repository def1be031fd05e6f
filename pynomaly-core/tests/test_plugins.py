"""Loading plugins: each alone, failures as values."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from pynomaly.infrastructure.plugins import (
    Problem,
    Source,
    describe,
    disabled_in_files,
    installed,
    load_plugins,
)
from pynomaly.infrastructure.registry import discover
from pynomaly.ports import DetectorSpec, LoaderSpec, hookimpl

EMPTY = "from pynomaly.ports import hookimpl\n"
ONE = """
from pynomaly.ports import DetectorSpec, hookimpl

@hookimpl
def pynomaly_detectors():
    return [DetectorSpec(id="{name}.one", title="T", summary="S", factory="json:loads")]
"""


def detector(id="mine.one"):
    return DetectorSpec(id=id, title="T", summary="S", factory="json:loads")


def plugin_giving(*answers, **more):
    @hookimpl
    def pynomaly_detectors():
        yield from answers

    return SimpleNamespace(pynomaly_detectors=pynomaly_detectors, **more)


def load(module, name="mine"):
    source = Source(name, f"pynomaly-{name}", "1.0", "", name, lambda: module)
    return load_plugins([source])


def test_a_plugin_tells_how_many_of_each_kind_it_has():
    plugin = plugin_giving(detector(), detector("mine.two"))
    loader = LoaderSpec(id="mine.csv", title="T", summary="S", factory="json:loads")
    plugin.pynomaly_loaders = hookimpl(lambda: [loader])
    (loaded,), problems = load(plugin)
    assert loaded.counts == {"detectors": 2, "loaders": 1}
    assert not problems


def test_of_two_specs_with_one_id_the_first_is_kept_and_the_second_reported():
    first, second = detector(), DetectorSpec(id="mine.one", title="", summary="", factory="a:b")
    (loaded,), (problem,) = load(plugin_giving(first, second))
    assert loaded.specs["detectors"] == (first,)
    assert "twice" in problem.error


def test_a_detector_among_loaders_is_a_wrong_type():
    plugin = SimpleNamespace(pynomaly_loaders=hookimpl(lambda: [detector()]))
    (loaded,), (problem,) = load(plugin)
    assert loaded.counts == {}
    assert problem == Problem("mine", "loaders", "it gave 'DetectorSpec' where a LoaderSpec is due")


def test_a_hook_that_returns_no_iterable_is_a_problem():
    plugin = SimpleNamespace(pynomaly_detectors=hookimpl(lambda: 7))
    _, (problem,) = load(plugin)
    assert "TypeError" in problem.error


def test_a_spec_that_is_malformed_says_so():
    @hookimpl
    def pynomaly_detectors():
        yield detector()
        yield detector("Not An Id")

    (loaded,), (problem,) = load(SimpleNamespace(pynomaly_detectors=pynomaly_detectors))
    assert loaded.counts == {"detectors": 1}
    assert "is not of the form plugin.name" in problem.error


@pytest.mark.parametrize(
    ("api", "says"),
    [
        ((1, 99), "needs plugin API 1.99, but this pynomaly-core has 1.0: upgrade"),
        ((2, 0), "needs plugin API 2.0"),
        ((0, 9), "built for plugin API 0.9"),
        ("1.0", "is '1.0', not two whole numbers"),
        (None, "is None, not two whole numbers"),
    ],
)
def test_a_plugin_for_another_api_is_refused(api, says):
    loaded, (problem,) = load(plugin_giving(detector(), PYNOMALY_API=api))
    assert not loaded
    assert problem.stage == "api"
    assert says in problem.error


def test_a_plugin_for_this_api_is_taken():
    loaded, problems = load(plugin_giving(detector(), PYNOMALY_API=(1, 0)))
    assert loaded
    assert not problems


def test_what_a_plugin_prints_does_not_reach_stdout(add_plugin, capsys):
    add_plugin("pynomaly-loud", "print('here I am')" + ONE.format(name="loud"))
    assert "loud.one" in [spec.id for spec in discover().specs("detectors")]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "here I am" in captured.err


def test_ctrl_c_is_not_a_problem_of_the_plugin():
    def load():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_plugins([Source("mine", "pynomaly-mine", "", "", "", load)])


def test_a_name_belongs_to_the_distribution_with_the_prefix(add_plugin):
    add_plugin("shared", ONE.format(name="shared"))
    add_plugin("pynomaly-shared", ONE.format(name="shared"))
    problems = []
    found = {source.name: source.distribution for source in installed(problems)}
    assert found["shared"] == "pynomaly-shared"
    (problem,) = [each for each in problems if each.plugin == "shared"]
    assert "belongs to pynomaly-shared" in problem.error


def test_nobody_can_call_itself_core(add_plugin):
    add_plugin("pynomaly-core", EMPTY, entry="core")
    problems = []
    assert next(installed(problems)).module == "pynomaly.infrastructure.builtin"
    assert any("belongs to pynomaly-core" in problem.error for problem in problems)


def test_damaged_metadata_of_one_distribution_harms_no_other(add_plugin, tmp_path):
    add_plugin("pynomaly-sound", ONE.format(name="sound"))
    broken = tmp_path / "broken-1.0.dist-info"
    broken.mkdir()
    (broken / "entry_points.txt").write_text("[pynomaly]\nno equals sign\n")
    registry = discover()
    assert "sound.one" in [spec.id for spec in registry.specs("detectors")]
    assert any("damaged metadata" in problem.error for problem in registry.problems)


def test_the_first_distribution_of_a_name_on_the_path_counts(add_plugin, tmp_path):
    add_plugin("pynomaly-twin", ONE.format(name="twin"))
    other = tmp_path / "pynomaly_twin-0.5.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: pynomaly.Twin\nVersion: 0.5\n")
    (other / "entry_points.txt").write_text("[pynomaly]\ntwin = pynomaly_twin\n")
    problems = []
    assert [source.name for source in installed(problems)].count("twin") == 1
    assert not [each for each in problems if "twin" in each.plugin]


def test_an_editable_install_shows_where_it_came_from(add_plugin, tmp_path):
    add_plugin("pynomaly-near", ONE.format(name="near"))
    info = tmp_path / "pynomaly_near-1.0.dist-info" / "direct_url.json"
    info.write_text(json.dumps({"url": "file:///somewhere", "dir_info": {"editable": True}}))
    (near,) = [plugin for plugin in discover().plugins if plugin.name == "near"]
    assert near.origin == "file:///somewhere"
    info.write_text("{ not json")
    (near,) = [plugin for plugin in discover().plugins if plugin.name == "near"]
    assert near.origin == ""


@pytest.mark.parametrize("name", ["left", "pynomaly-left"])
def test_plugins_are_disabled_by_their_own_or_their_distributions_name(
    add_plugin, monkeypatch, name
):
    add_plugin("pynomaly-left", ONE.format(name="left"))
    assert "left" in discover(disable=[name]).disabled
    monkeypatch.setenv("PYNOMALY_DISABLE", f" other, {name}")
    registry = discover()
    assert "left" in registry.disabled
    assert "left" not in [plugin.name for plugin in registry.plugins]


def test_an_allowlist_loads_nothing_else_but_the_core(add_plugin, monkeypatch):
    add_plugin("pynomaly-wanted", ONE.format(name="wanted"))
    add_plugin("pynomaly-unwanted", ONE.format(name="unwanted"))
    monkeypatch.setenv("PYNOMALY_PLUGINS", "wanted")
    assert [plugin.name for plugin in discover().plugins] == ["core", "wanted"]
    monkeypatch.setenv("PYNOMALY_PLUGINS", "")
    assert [plugin.name for plugin in discover().plugins] == ["core"]
    assert "wanted" in [plugin.name for plugin in discover(only=["wanted"]).plugins]


def test_settings_files_disable_plugins(tmp_path):
    assert disabled_in_files(tmp_path) == ()
    (tmp_path / "pynomaly.toml").write_text('disable = ["one"]\n')
    (tmp_path / "pyproject.toml").write_text('[tool.pynomaly]\ndisable = ["two"]\n')
    assert disabled_in_files(tmp_path) == ("one", "two")


@pytest.mark.parametrize("text", ['disable = "one"', "disable = [", "disable = 3"])
def test_a_faulty_settings_file_is_left_to_where_settings_are_read(tmp_path, text):
    (tmp_path / "pynomaly.toml").write_text(text)
    assert disabled_in_files(tmp_path) == ()


def test_an_error_without_words_is_described_by_its_type():
    assert describe(RuntimeError()) == "RuntimeError"
    assert describe(RuntimeError("two\nlines")) == "RuntimeError: two lines"
