"""Where settings come from: the environment, and files of a folder of secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.settings import Settings as BackendSettings
from indexer.settings import Settings


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("KAPITAL_DATABASE_URL", "KAPITAL_JWT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAPITAL_SECRETS_DIR", str(tmp_path))
    (tmp_path / "kapital_database_url").write_text("postgresql://kapital:pass@postgres/kapital\n")
    (tmp_path / "kapital_jwt_secret").write_text("s" * 40)
    return tmp_path


@pytest.mark.usefixtures("secrets")
def test_a_file_of_the_folder_of_secrets_is_a_setting() -> None:
    assert Settings().database_url == "postgresql://kapital:pass@postgres/kapital"
    assert BackendSettings(environment="production", kek="00" * 32).jwt_secret == "s" * 40


@pytest.mark.usefixtures("secrets")
def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAPITAL_DATABASE_URL", "sqlite:///other.db")
    assert Settings().database_url == "sqlite:///other.db"


def test_without_the_folder_nothing_is_looked_up(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAPITAL_SECRETS_DIR")
    monkeypatch.chdir(secrets)
    assert Settings().database_url.startswith("sqlite:///")
