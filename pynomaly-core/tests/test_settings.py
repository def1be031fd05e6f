"""Settings: defaults, then a file, then the environment."""

import pytest

from pynomaly.domain.errors import UsageError
from pynomaly.infrastructure.composition import compose
from pynomaly.infrastructure.registry import Registry
from pynomaly.infrastructure.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    import os

    for name in [name for name in os.environ if name.startswith("PYNOMALY_")]:
        monkeypatch.delenv(name)


def test_without_files_and_variables_the_defaults_hold(tmp_path):
    assert load_settings(tmp_path) == Settings()


def test_a_pynomaly_toml_is_read(tmp_path):
    text = 'alpha = 0.05\ndisable = ["pyod"]\n[contract]\nextra_columns = "refuse"\n'
    (tmp_path / "pynomaly.toml").write_text(text)
    settings = load_settings(tmp_path)
    assert settings.alpha == 0.05
    assert settings.disable == ["pyod"]
    assert settings.contract.extra_columns == "refuse"


def test_a_section_of_pyproject_toml_is_read(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        "[tool.pynomaly]\nseed = 7\n[tool.pynomaly.log]\njson = true\n"
    )
    settings = load_settings(tmp_path)
    assert settings.seed == 7
    assert settings.log.json


def test_a_pyproject_toml_of_another_project_is_left_alone(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nseed = 7\n")
    assert load_settings(tmp_path) == Settings()


def test_the_environment_wins_over_a_file(tmp_path, monkeypatch):
    (tmp_path / "pynomaly.toml").write_text("alpha = 0.05\nseed = 3\n")
    monkeypatch.setenv("PYNOMALY_ALPHA", "0.2")
    settings = load_settings(tmp_path)
    assert (settings.alpha, settings.seed) == (0.2, 3)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('alpha = "high"', "'alpha'"),
        ("colour = 1", "colour"),
        ("alpha = ", "pynomaly.toml.*Invalid value"),
        ('[contract]\nextra_columns = "maybe"', "'contract.extra_columns'"),
        ('seed = "x"\n[log]\nlevel = "loud"', "'seed'.*'log.level'"),
    ],
)
def test_a_setting_that_is_wrong_is_named(tmp_path, text, named):
    (tmp_path / "pynomaly.toml").write_text(text)
    with pytest.raises(UsageError, match=f"settings cannot be read.*{named}"):
        load_settings(tmp_path)


def test_services_are_made_from_the_settings(tmp_path):
    services = compose(Settings(disable=["fast"]))
    assert services.get(Settings).disable == ["fast"]
    assert "fast" not in {plugin.name for plugin in services.get(Registry).plugins}
    assert [ping.name for ping in services.get_pings()]
