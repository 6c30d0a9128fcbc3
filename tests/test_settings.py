from pathlib import Path

import pytest
from pydantic import ValidationError

from troth.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_any_source_the_defaults_hold() -> None:
    settings = read_settings()

    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8080, Path("var"))


def test_an_option_wins_over_the_environment_and_that_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("troth.toml").write_text('host = "10.0.0.1"\nport = 1\nworkers = 4\n')
    monkeypatch.setenv("TROTH_HOST", "10.0.0.2")
    monkeypatch.setenv("TROTH_PORT", "2")

    settings = read_settings(port=3, host=None)

    assert (settings.host, settings.port, settings.workers) == ("10.0.0.2", 3, 4)


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROTH_DATABASE_URL", "")

    assert read_settings().database_url is None


def test_an_unknown_key_in_the_file_is_refused_by_name() -> None:
    Path("troth.toml").write_text("prot = 8080\n")

    with pytest.raises(ValidationError, match="prot"):
        read_settings()


def test_the_api_key_is_not_shown() -> None:
    assert "sesame" not in repr(read_settings(api_key="sesame"))


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read_settings().port = 9  # type: ignore[misc]


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
