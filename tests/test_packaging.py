"""What the workspace's files promise each other."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
TOP_LEVEL = {
    "benchmarks",
    "docs",
    "examples",
    "noxfile.py",
    "plugins",
    "pynomaly-core",
    "pynomaly-server",
    "pynomaly-web",
    "pyproject.toml",
    "README.md",
    "tests",
}
# Files that tools look for at the top and nowhere else.
TOP_LEVEL_ALSO = {
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "SECURITY.md",
    "docker",
    "mkdocs.yml",
    "poetry.lock",
    "requirements",
}


def read(path):
    return tomllib.loads((ROOT / path).read_text("utf-8"))


WORKSPACE = read("pyproject.toml")
MEMBERS = {
    name: dependency["path"]
    for name, dependency in WORKSPACE["tool"]["poetry"]["dependencies"].items()
}
each_member = pytest.mark.parametrize("name", MEMBERS)


def project(name):
    return read(f"{MEMBERS[name]}/pyproject.toml")


def import_name(name):
    return "pynomaly" if name == "pynomaly-core" else name.replace("-", "_")


def tracked_files():
    listing = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [name for name in listing.stdout.split("\0") if name]


@pytest.fixture(scope="module")
def tracked():
    try:
        return tracked_files()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")


def test_every_package_of_the_tree_is_a_member():
    found = {path.parent.relative_to(ROOT) for path in ROOT.glob("*/pyproject.toml")}
    found |= {path.parent.relative_to(ROOT) for path in ROOT.glob("plugins/*/pyproject.toml")}
    assert {path.as_posix() for path in found} == set(MEMBERS.values())


def test_every_tool_knows_every_member():
    packages = sorted(map(import_name, MEMBERS))
    tool = WORKSPACE["tool"]
    sources = [f"{path}/src" for path in MEMBERS.values()]
    assert sorted(tool["coverage"]["run"]["source_pkgs"]) == packages
    assert sorted(tool["importlinter"]["root_packages"]) == packages
    assert sorted(tool["ruff"]["lint"]["isort"]["known-first-party"]) == packages
    assert set(sources) <= set(tool["mypy"]["files"])
    assert {f"$MYPY_CONFIG_FILE_DIR/{source}" for source in sources} == set(
        tool["mypy"]["mypy_path"]
    )
    assert tool["uv"]["sources"] == {name: {"workspace": True} for name in MEMBERS}
    required = {Requirement(line).name for line in WORKSPACE["project"]["dependencies"]}
    assert required == set(MEMBERS)


@each_member
def test_a_member_carries_its_files(name):
    folder = ROOT / MEMBERS[name]
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert (folder / "src" / import_name(name) / "py.typed").exists()
    assert (folder / "README.md").exists()
    assert "<!-- changelog follows -->" in (folder / "CHANGELOG.md").read_text("utf-8")


@each_member
def test_a_member_is_named_after_its_folder_and_built_by_hatchling(name):
    member = project(name)
    assert member["project"]["name"] == name == Path(MEMBERS[name]).name
    assert member["build-system"]["build-backend"] == "hatchling.build"
    assert member["project"]["license"] == "Apache-2.0"
    wheel = member["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == [f"src/{import_name(name)}"]


@each_member
def test_a_member_supports_the_pythons_that_are_tested(name):
    def pythons(classifiers):
        return [line for line in classifiers if " :: Python :: 3." in line]

    classifiers = project(name)["project"]["classifiers"]
    assert pythons(classifiers) == pythons(WORKSPACE["project"]["classifiers"])


@each_member
def test_an_entry_point_is_named_after_its_distribution(name):
    groups = project(name)["project"].get("entry-points", {})
    if name == "pynomaly-core":
        assert groups == {}
    else:
        short = name.removeprefix("pynomaly-")
        assert groups == {"pynomaly": {short: import_name(name)}}


@each_member
def test_a_plugin_needs_the_core_and_no_other_member(name):
    member = project(name)
    lines = member["project"]["dependencies"]
    ours = [line for line in lines if line.startswith("pynomaly")]
    if name == "pynomaly-core":
        assert ours == []
        return
    assert ours == ["pynomaly-core>=0.1,<0.2"]
    path = "../" * len(Path(MEMBERS[name]).parts) + MEMBERS["pynomaly-core"]
    assert member["tool"]["poetry"]["dependencies"] == {
        "pynomaly-core": {"path": path, "develop": True}
    }
    assert member["tool"]["uv"]["sources"] == {"pynomaly-core": {"workspace": True}}


@each_member
def test_a_changelog_fragment_has_a_name_that_towncrier_reads(name):
    kinds = "|".join(project(name)["tool"]["towncrier"]["fragment"])
    wanted = re.compile(rf"(\d+|\+[\w-]+)\.({kinds})(\.\d+)?\.md")
    fragments = (ROOT / MEMBERS[name] / "changes").glob("[!.]*")
    assert [path.name for path in fragments if not wanted.fullmatch(path.name)] == []


def test_locked_txt_says_what_poetry_lock_says():
    packages = read("poetry.lock")["package"]
    locked = {
        (package["name"], package["version"])
        for package in packages
        if package.get("source", {}).get("type") != "directory"
    }
    lines = (ROOT / "requirements/locked.txt").read_text("utf-8").splitlines()
    pins = [tuple(line.partition(" ;")[0].split("==")) for line in lines]
    assert set(pins) == locked
    assert len(pins) == len(set(pins)), "one version of each for every Python"


def test_our_names_are_locked_to_folders_and_nothing_to_an_address():
    for package in read("poetry.lock")["package"]:
        source = package.get("source")
        if package["name"].startswith("pynomaly"):
            assert source == {"type": "directory", "url": MEMBERS[package["name"]]}
        else:
            assert source is None


def test_torch_is_not_locked():
    names = {package["name"] for package in read("poetry.lock")["package"]}
    assert not {name for name in names if re.match(r"torch|nvidia|cuda|triton", name)}


def test_the_lock_is_as_new_as_the_requirements():
    locked = {package["name"]: package["version"] for package in read("poetry.lock")["package"]}
    lines = list(WORKSPACE["dependency-groups"]["dev"])
    for name in MEMBERS:
        lines += project(name)["project"]["dependencies"]
    for line in lines:
        requirement = Requirement(line)
        assert requirement.specifier.contains(locked[requirement.name]), line


def test_the_top_level_is_the_one_that_was_agreed(tracked):
    found = {name.partition("/")[0] for name in tracked}
    assert {name for name in found if name[0] != "."} <= TOP_LEVEL | TOP_LEVEL_ALSO


def test_no_file_names_a_registry_or_a_path_of_one_machine(tracked):
    hosts = ["pypi.org", "pythonhosted.org", "registry.npmjs.org", "anaconda.org"]
    hosts = "|".join(map(re.escape, hosts))
    forbidden = re.compile(rf"//[\w.-]*({hosts})|(?<![\w.])/(root|work|home|Users)/\w")
    this = Path(__file__).relative_to(ROOT).as_posix()
    guilty = {}
    for name in set(tracked) - {this}:
        try:
            text = (ROOT / name).read_text("utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # binary, or deleted and not yet committed
        if found := forbidden.search(text):
            guilty[name] = found[0]
    assert guilty == {}


@each_member
def test_what_a_package_imports_it_requires(name):
    declared = project(name)["project"]
    lines = [*declared["dependencies"]]
    for extra in declared.get("optional-dependencies", {}).values():
        lines += extra
    required = {Requirement(line).name for line in lines} | {name}
    providers = dict(importlib.metadata.packages_distributions())
    providers |= {import_name(member): [member] for member in MEMBERS}
    # Not installed here, and named otherwise than what is imported.
    providers.setdefault("cupy", ["cupy-cuda12x"])
    missing = {
        package
        for package in imported_packages(ROOT / MEMBERS[name] / "src")
        if not required & set(map(canonicalize_name, providers.get(package, [package])))
    }
    assert missing == set()


def imported_packages(folder):
    modules = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules.add(node.module)
    return {module.partition(".")[0] for module in modules} - sys.stdlib_module_names
