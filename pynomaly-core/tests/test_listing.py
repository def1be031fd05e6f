"""The command line around plugins: listings, errors, exit codes, completion."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from pynomaly.cli import COMMANDS, main, root
from pynomaly.cli.tables import table
from pynomaly.domain.errors import DataError
from pynomaly.infrastructure.installing import installer
from pynomaly.ports.specs import KINDS

CODE = """
import attrs
from typing import Literal
from pynomaly.ports import (
    Capability, DetectorSpec, ExplainerSpec, LoaderSpec, Modality, PublisherSpec, hookimpl
)
from pynomaly.ports.params import param

@attrs.frozen
class Params:
    mode: Literal["fast", "slow"] | int = param("fast", ge=1, help="Mode.")
    weights: tuple[float, ...] = param((), help="Weights.")

WORDS = dict(title="Title", factory="pynomaly_shown:make")

@hookimpl
def pynomaly_detectors():
    yield DetectorSpec(id="shown.table", summary="For tables.", params="pynomaly_shown:Params",
                       capabilities={Capability.INDUCTIVE, Capability.SAVES}, row_limit=5000,
                       fit_rows=1000, time="n", space="d", family="test", paper="Me (2020).",
                       expected_failures={"takes_one_row": "it takes two"}, **WORDS)
    yield DetectorSpec(id="shown.series", summary="For series.", modalities={Modality.SERIES},
                       **WORDS)
    yield DetectorSpec(id="shown.absent", summary="Lacks something.", requires=["no_such_lib"],
                       install="pip install thing[extra]", params="no_such_lib:Params", **WORDS)
    yield DetectorSpec(id="shown.damaged", summary="Its params are nowhere.",
                       params="pynomaly_shown:Nothing", **WORDS)

@hookimpl
def pynomaly_loaders():
    yield LoaderSpec(id="shown.load", summary="Loads.", suffixes=[".shown"], schemes=["show"],
                     **WORDS)

@hookimpl
def pynomaly_publishers():
    yield PublisherSpec(id="shown.publish", summary="Publishes.", suffixes=[".shown"], **WORDS)
    yield PublisherSpec(id="shown.pipe", summary="Publishes.", schemes=["-"], **WORDS)

@hookimpl
def pynomaly_explainers():
    yield ExplainerSpec(id="shown.explain", summary="Explains.", needs={Capability.SEEDED},
                        **WORDS)
"""


@pytest.fixture
def shown(add_plugin):
    add_plugin("pynomaly-shown", CODE)


def run(*args):
    return CliRunner().invoke(root, args, prog_name="pynomaly")


def ids(*args):
    done = run(*args, "--json")
    assert done.exit_code == 0, done.output
    entries = json.loads(done.stdout)[args[0]]
    return [entry["id"] for entry in entries if entry["id"].startswith("shown.")]


@pytest.mark.usefixtures("shown")
class TestListings:
    def test_detectors_are_listed_in_aligned_columns_with_what_is_missing(self):
        lines = run("detectors").stdout.splitlines()
        header = lines[0]
        (absent,) = [line for line in lines if line.startswith("shown.absent")]
        assert header.split() == ["ID", "DATA", "MISSING", "SUMMARY"]
        assert absent[header.index("DATA") :].startswith("tabular")
        assert absent[header.index("MISSING") :].startswith("no_such_lib")
        assert absent[header.index("SUMMARY") :] == "Lacks something."

    def test_a_listing_says_how_to_learn_what_to_install(self):
        assert "`pynomaly detectors show ID`" in run("detectors").stderr

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ([], ["absent", "damaged", "series", "table"]),
            (["--available"], ["damaged", "series", "table"]),
            (["--modality", "series"], ["series"]),
            (["--can", "inductive", "--can", "saves"], ["table"]),
            (["--can", "inductive", "--modality", "series"], []),
        ],
    )
    def test_filters_narrow_the_list(self, options, expected):
        assert ids("detectors", *options) == [f"shown.{name}" for name in expected]

    @pytest.mark.parametrize(
        ("kind", "says"),
        [
            ("loaders", [".shown show:", "Loads."]),
            ("publishers", ["WRITES", "Publishes."]),
            ("explainers", ["seeded", "Explains."]),
        ],
    )
    def test_other_kinds_show_what_matters_for_them(self, kind, says):
        output = run(kind).stdout
        assert all(word in output for word in says)

    def test_json_tells_what_is_missing(self):
        entries = {e["id"]: e for e in json.loads(run("detectors", "--json").stdout)["detectors"]}
        assert entries["shown.absent"]["missing"] == ["no_such_lib"]
        assert not entries["shown.absent"]["available"]
        assert entries["shown.table"]["available"]
        assert entries["shown.table"]["capabilities"] == ["inductive", "saves"]

    def test_a_filter_that_nothing_passes_says_so(self):
        done = run("detectors", "--modality", "series", "--can", "sparse", "--can", "online")
        assert done.stdout == ""
        assert "No detectors." in done.stderr

    @pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
    def test_every_spec_can_be_shown(self, kind):
        for name in ids(kind):
            if name == "shown.damaged":
                continue
            done = run(kind, "show", name)
            assert done.exit_code == 0, done.output
            assert done.stdout.startswith(f"{name}: Title\n")
            assert "Example\n  pynomaly detect " in done.stdout
            assert json.loads(run(kind, "show", name, "--json").stdout)["id"] == name

    def test_show_tells_facts_and_parameters(self):
        text = run("detectors", "show", "shown.table").stdout
        for fact in ["Me (2020).", "up to 5,000; at least 2; a fit makes use of 1,000"]:
            assert fact in text
        assert "Known gaps   takes_one_row: it takes two" in text
        (mode,) = [line.split() for line in text.splitlines() if line.startswith("  mode")]
        expected = '"fast" or "slow" or integer "fast" >= 1 Mode.'
        assert mode == ["mode", *expected.split()]
        assert "list of number" in text
        assert "-d shown.table -p mode=fast" in text

    def test_show_tells_how_to_install_what_is_missing(self):
        text = run("detectors", "show", "shown.absent").stdout
        assert "no_such_lib: install with `pip install thing[extra]`" in text
        assert "unknown while a requirement is missing" in text
        data = json.loads(run("detectors", "show", "shown.absent", "--json").stdout)
        assert data["params_schema"] is None

    def test_show_gives_the_json_schema_of_the_parameters(self):
        data = json.loads(run("detectors", "show", "shown.table", "--json").stdout)
        assert data["params_schema"]["properties"]["mode"]["default"] == "fast"

    def test_damaged_params_are_the_plugins_failure(self):
        done = run("detectors", "show", "shown.damaged")
        assert done.exit_code == 2
        assert "shown.damaged failed to load: AttributeError" in done.stderr

    def test_plugins_are_listed_with_what_they_offer(self):
        (line,) = [x for x in run("plugins").stdout.splitlines() if x.startswith("shown")]
        assert line.split(maxsplit=3) == [
            "shown",
            "1.0",
            "pynomaly-shown",
            "4 detectors, 1 loader, 1 explainer, 2 publishers",
        ]
        plugins = {p["name"]: p for p in json.loads(run("plugins", "--json").stdout)["plugins"]}
        assert plugins["shown"]["counts"]["publishers"] == 2

    def test_ids_are_completed_by_the_shell(self, monkeypatch):
        monkeypatch.setenv("_PYNOMALY_COMPLETE", "zsh_complete")
        monkeypatch.setenv("COMP_WORDS", "pynomaly detectors show shown.t")
        monkeypatch.setenv("COMP_CWORD", "3")
        done = run()
        assert done.stdout.splitlines() == ["plain", "shown.table", "Title"]


@pytest.mark.usefixtures("shown")
class TestPlugins:
    @pytest.mark.parametrize("depth", [[], ["--imports"], ["--all"]])
    def test_check_names_each_check_that_fails(self, depth):
        done = run("plugins", "check", "shown", *depth)
        assert done.exit_code == 1
        assert "FAILED shown.damaged has_sound_params: PluginFailed" in done.stdout
        assert "PASSED" not in done.stdout
        imported = "FAILED shown.table resolves_its_import_strings" in done.stdout
        assert imported == bool(depth)

    def test_check_shows_all_when_asked(self):
        done = run("plugins", "check", "pynomaly-shown", "-v")
        assert "PASSED shown.table survives_json\n" in done.stdout
        assert "SKIPPED shown.absent has_sound_params: its params need" in done.stdout

    def test_check_of_a_good_plugin_exits_0(self, tmp_path):
        done = run("plugins", "check", "core")
        assert done.exit_code == 0, done.output

    def test_check_of_a_broken_plugin_says_what_is_broken(self, add_plugin):
        add_plugin("pynomaly-broken", "import nowhere")
        done = run("plugins", "check", "broken")
        assert done.exit_code == 2
        assert "Error: broken failed to load: ModuleNotFoundError" in done.stderr

    def test_check_of_what_is_not_there_names_what_is(self):
        done = run("plugins", "check", "nowhere")
        assert done.exit_code == 2
        assert "shown" in done.stderr

    def test_new_writes_and_tells_the_next_steps(self, tmp_path):
        done = run("plugins", "new", "mine", "--directory", str(tmp_path / "mine"))
        assert done.exit_code == 0
        assert f'pynomaly plugins install "{tmp_path / "mine"}[test]"' in done.stdout

    @pytest.mark.parametrize(("code", "says"), [(0, "Installed."), (1, "the installer failed")])
    def test_install_tells_how_it_ended(self, monkeypatch, tmp_path, code, says):
        script = tmp_path / "installer.py"
        script.write_text(f"import sys; sys.exit({code})")
        monkeypatch.setattr(
            "pynomaly.infrastructure.installing.installer", lambda: [sys.executable, str(script)]
        )
        done = run("plugins", "install", "mine")
        assert done.exit_code == code
        assert says in done.output

    def test_install_takes_the_folder_of_a_plugin(self, monkeypatch, tmp_path):
        script = tmp_path / "installer.py"
        script.write_text("import sys; print(*sys.argv[1:], file=open('given', 'w'))")
        monkeypatch.setattr(
            "pynomaly.infrastructure.installing.installer", lambda: [sys.executable, str(script)]
        )
        monkeypatch.chdir(tmp_path)
        run("plugins", "new", "mine")
        assert run("plugins", "install", "./pynomaly-mine[test]", "yours").exit_code == 0
        given = (tmp_path / "given").read_text()
        assert given.split() == ["--editable", "./pynomaly-mine[test]", "pynomaly-yours"]

    def test_install_takes_uv_where_there_is_no_pip(self, monkeypatch):
        monkeypatch.setattr("pynomaly.infrastructure.installing.find_spec", lambda name: None)
        monkeypatch.setattr("shutil.which", lambda name: "/somewhere/uv")
        assert installer() == ["/somewhere/uv", "pip", "install", "--python", sys.executable]

    def test_without_pip_and_uv_the_way_out_is_told(self, monkeypatch):
        monkeypatch.setattr("pynomaly.infrastructure.installing.find_spec", lambda name: None)
        monkeypatch.setattr("shutil.which", lambda name: None)
        assert "ensurepip" in run("plugins", "install", "mine").stderr

    @pytest.mark.parametrize("command", [["detectors"], ["plugins"]])
    def test_strict_plugins_ends_with_exit_code_1_if_any_has_a_problem(
        self, add_plugin, command, monkeypatch
    ):
        monkeypatch.setenv("PYNOMALY_PLUGINS", "shown,broken")
        assert run("--strict-plugins", *command).exit_code == 0
        add_plugin("pynomaly-broken", "import nowhere")
        assert run(*command).exit_code == 0
        done = run("--strict-plugins", *command)
        assert done.exit_code == 1
        assert done.stdout == ""
        assert "Warning: plugin broken (load): ModuleNotFoundError" in done.stderr


class TestErrors:
    def test_an_unknown_command_gets_close_matches(self, capsys):
        assert exit_code("detectros") == 2
        assert "'detectors'" in capsys.readouterr().err

    def test_an_unknown_option_gets_close_matches(self, capsys):
        assert exit_code("detectors", "--availble") == 2
        assert "--available" in capsys.readouterr().err

    def test_an_unknown_id_exits_2_with_one_line(self, capsys):
        assert exit_code("detectors", "show", "no.such") == 2
        assert capsys.readouterr().err.startswith("Error: no detector is called 'no.such'")

    @pytest.mark.parametrize("args", [["--help"], ["-h"], ["--version"], []])
    def test_help_and_version_are_no_errors(self, args):
        assert exit_code(*args) in {0, 2 if not args else 0}

    def test_our_own_fault_exits_1_and_asks_for_a_report(self, capsys, failing):
        failing(RuntimeError("it\nbroke"))
        assert exit_code("failing") == 1
        error = capsys.readouterr().err
        assert "a fault in Pynomaly, not in what you did: RuntimeError: it broke" in error
        assert "pynomaly --debug" in error
        assert "Traceback" not in error

    @pytest.mark.parametrize("error", [RuntimeError("broke"), DataError("bad data")])
    def test_debug_shows_the_traceback(self, capsys, failing, error):
        failing(error)
        assert exit_code("--debug", "failing") in {1, 2}
        assert "Traceback" in capsys.readouterr().err

    def test_a_users_mistake_exits_2(self, capsys, failing):
        failing(DataError("bad data", source="a.csv"))
        assert exit_code("failing") == 2
        assert capsys.readouterr().err == "Error: a.csv: bad data\n"

    def test_no_memory_is_said_plainly(self, capsys, failing):
        failing(MemoryError())
        assert exit_code("failing") == 1
        assert capsys.readouterr().err.startswith("Error: out of memory")

    def test_ctrl_c_exits_130_without_a_word(self, capsys, failing):
        failing(KeyboardInterrupt())
        assert exit_code("failing") == 130
        assert capsys.readouterr().err.strip() == ""

    def test_an_exit_code_of_a_command_is_kept(self, failing):
        failing(click.exceptions.Exit(3))
        assert exit_code("failing") == 3

    def test_a_closed_pipe_ends_quietly(self, tmp_path):
        code = "from pynomaly.cli import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", code, "completion", "bash"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        process.stdout.close()
        error = process.stderr.read()
        process.stderr.close()
        process.wait()
        assert error == b""


def exit_code(*args):
    with pytest.raises(SystemExit) as caught:
        main(list(args))
    return caught.value.code


@pytest.fixture
def failing(monkeypatch):
    """Adds a command that raises what it is told to."""

    def add(error):
        @click.command()
        def failing():
            raise error

        module = type(sys)("failing_command")
        module.command = failing
        monkeypatch.setitem(sys.modules, "failing_command", module)
        monkeypatch.setitem(COMMANDS, "failing", ("failing_command:command", "Fails."))

    return add


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_exists_and_has_help(name):
    done = run(name, "--help")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"Usage: pynomaly {name} ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_printed(shell):
    assert "_PYNOMALY_COMPLETE" in run("completion", shell).stdout


def test_commands_are_completed_without_importing_them(monkeypatch):
    monkeypatch.setenv("_PYNOMALY_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "pynomaly det")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert run().stdout.splitlines() == ["plain,detect", "plain,detectors"]


def test_a_table_is_cut_to_the_terminal_only_on_a_terminal(monkeypatch):
    rows = [("a.b", "", "word " * 40)]
    assert table(("ID", "MISSING", "SUMMARY"), rows).splitlines()[1].endswith("word")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    header, line = table(("ID", "MISSING", "SUMMARY"), rows).splitlines()
    assert header == "ID   SUMMARY"
    assert len(line) == 60
    assert line.endswith("…")
