"""The documentation shows what happens: its blocks run, its links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import NamedTuple

import attrs
import click
import pytest

import pynomaly.testing
from pynomaly.cli import COMMANDS, root
from pynomaly.infrastructure.settings import Settings
from pynomaly.ports import hookspecs
from pynomaly.ports.specs import KINDS, Capability

ROOT = Path(__file__).parents[1]
RUN = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
GENERATED = {"benchmarks.md", "quality.md"}
PAGES = [*RUN, *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "examples/README.md"))]
FENCE = re.compile(r"^```(?P<info>[^\n]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
ALIKE = 0.8
"""Share of the words of a shown output that the real one must have."""
EXACT = re.compile(r"^(?:detector|calibration|decision): .*$", re.MULTILINE)
"""Lines of a shown output that the real one must have as they are."""


class Block(NamedTuple):
    """A fenced block and the line that it begins in."""

    line: int
    language: str
    words: frozenset[str]
    file: str
    body: str


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path) -> Iterator[Block]:
    text = path.read_text("utf-8")
    for match in FENCE.finditer(text):
        language, *rest = shlex.split(match["info"])
        file = next((word[5:] for word in rest if word.startswith("file=")), "")
        line = text.count("\n", 0, match.start()) + 1
        yield Block(line, language, frozenset(rest), file, match["body"])


def is_run(block: Block) -> bool:
    return "no-run" not in block.words and (block.file or block.language in {"console", "python"})


pages_that_run = [
    path for path in RUN if path.name not in GENERATED and any(map(is_run, blocks(path)))
]


class Desk:
    """A folder with the examples, and what the blocks of a page do in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "examples", folder / "examples")
        tools = [str(Path(sys.executable).parent), os.environ["PATH"]]
        known = {k: v for k, v in os.environ.items() if not k.startswith("PYNOMALY_")}
        self.environment = known | {
            "PATH": os.pathsep.join(tools),
            "PYTHONPATH": os.pathsep.join([str(folder / "src"), *filter(None, sys.path)]),
            "COLUMNS": "100",
            "PYTHONIOENCODING": "utf-8",
        }

    def do(self, block: Block, place: str) -> None:
        if block.file:
            self.write(block.file, block.body)
        elif block.language == "python":
            self.check([sys.executable, "-c", block.body], place, 0)
        else:
            for command, code, shown in commands(block.body):
                self.check(command, f"{place}: {command}", code, shown)

    def write(self, file: str, body: str) -> None:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, "utf-8")
        if path.name == "pyproject.toml":
            self.install(tomllib.loads(body)["project"])

    def install(self, project: dict) -> None:
        """What an installer would write beside the sources."""
        stem = f"{project['name'].replace('-', '_')}-{project['version']}"
        info = self.folder / "src" / f"{stem}.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        facts = f"Name: {project['name']}\nVersion: {project['version']}\n"
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\n{facts}")
        lines = [f"{key} = {value}" for key, value in project["entry-points"]["pynomaly"].items()]
        (info / "entry_points.txt").write_text("\n".join(["[pynomaly]", *lines, ""]))

    def check(self, command: list[str] | str, title: str, code: int, shown: str = "") -> None:
        done = subprocess.run(
            command,
            shell=isinstance(command, str),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == code, f"{title} exits with {done.returncode}:\n{output}"
        assert "Traceback" not in output
        expected = words(shown)
        lacking = expected - words(output)
        limit = (1 - ALIKE) * len(expected)
        assert len(lacking) <= limit, f"{title} does not print {sorted(lacking)}:\n{output}"
        for line in EXACT.findall(shown):
            assert line in output, f"{title} does not print {line!r}:\n{output}"


def commands(body: str) -> Iterator[tuple[str, int, str]]:
    """Each command of a console block, the exit code it must have, the output shown for it."""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        first, _, shown = part.partition("\n")
        command, _, comment = first.partition("  # exit code ")
        yield command, int(comment or 0), shown


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{3,}", text))


@pytest.mark.parametrize("path", pages_that_run, ids=name)
def test_what_a_page_shows_is_what_happens(path, tmp_path):
    desk = Desk(tmp_path)
    for block in blocks(path):
        if is_run(block):
            desk.do(block, f"{name(path)}:{block.line}")


@cache
def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_link_leads_somewhere(path):
    text = FENCE.sub("", path.read_text("utf-8"))
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    broken = []
    for link in links:
        if link.startswith("https://"):
            continue
        target, _, anchor = link.partition("#")
        place = (path.parent / target).resolve() if target else path
        if not place.exists() or (anchor and anchor not in anchors(place)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_picture_says_in_words_what_it_shows(path):
    text = path.read_text("utf-8")
    assert "![](" not in text
    assert all('alt="' in tag for tag in re.findall(r"<img[^>]*>", text))


def test_every_decision_is_listed_once_and_in_order():
    folder = ROOT / "docs" / "adr"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text("utf-8"))
    assert listed == records
    assert [int(record[:4]) for record in records] == list(range(1, len(records) + 1))


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "adr").glob("[0-9]*.md")), ids=name)
def test_a_decision_has_its_four_parts(path):
    text = path.read_text("utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "Alternatives"]
    assert text.startswith(f"# {path.name[:4]}: ")


def mentioned(page: str) -> set[str]:
    """All that stands in backticks on a page of the guide, and the words of it."""
    quoted = re.findall(r"`([^`\n]+)`", (ROOT / "docs" / page).read_text("utf-8"))
    return {*quoted, *(word for text in quoted for word in re.findall(r"[\w.-]+", text))}


def test_every_hook_is_documented():
    hooks = {key for key in vars(hookspecs) if key.startswith("pynomaly_")}
    assert hooks == {kind.hook for kind in KINDS}
    assert hooks - mentioned("plugins.md") == set()


def test_every_field_of_a_spec_is_documented():
    fields = {field.name for kind in KINDS for field in attrs.fields(kind.spec)}
    assert fields - mentioned("plugins.md") == set()


def test_every_capability_is_documented():
    assert set(map(str, Capability)) - mentioned("plugins.md") == set()


def test_every_conformance_check_is_documented():
    checks = set()
    for info in iter_modules(pynomaly.testing.__path__):
        for key, value in vars(import_module(f"pynomaly.testing.{info.name}")).items():
            if key.endswith("_CHECKS"):
                checks |= {check.name for check in value}
    assert checks
    assert checks - mentioned("plugins.md") == set()


def names_in(command: click.Command) -> set[str]:
    """Options, and subcommands with theirs."""
    options = {option for param in command.params for option in param.opts if option[0] == "-"}
    subcommands = getattr(command, "commands", {})
    return options.union(subcommands, *map(names_in, subcommands.values()))


def test_every_command_and_option_is_documented():
    context = click.Context(root)
    found = names_in(root).union(COMMANDS)
    for command in COMMANDS:
        found |= names_in(root.get_command(context, command))
    assert found - mentioned("cli.md") - mentioned("plugins.md") == set()


def setting_names(cls: type, prefix: str = "") -> Iterator[str]:
    for field in attrs.fields(cls):
        if attrs.has(field.type):
            yield from setting_names(field.type, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name


def test_every_setting_and_its_variable_is_documented():
    names = set(setting_names(attrs.resolve_types(Settings)))
    variables = {f"PYNOMALY_{key.replace('.', '_').upper()}" for key in names}
    assert (names | variables) - mentioned("settings.md") == set()
