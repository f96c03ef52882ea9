"""Besu and Java on the machine: what is missing or unfit is told before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.besu.find import BesuMissingError, find
from tests.scripts.fake_besu import install


def test_besu_of_besu_home_is_taken(tmp_path: Path) -> None:
    found = find(install(tmp_path))
    assert (found.version, found.java, found.warning) == ((26, 8, 0), 25, "")


def test_besu_on_path_is_taken(tmp_path: Path) -> None:
    environment = install(tmp_path)
    folder = environment.pop("BESU_HOME")
    assert find({**environment, "PATH": f"{folder}/bin:{environment['PATH']}"}).program == Path(folder) / "bin" / "besu"


def test_a_build_of_ones_own_is_recognised(tmp_path: Path) -> None:
    assert find(install(tmp_path, version="26.9-develop-683880b")).version == (26, 9, 0)


def test_no_besu_is_told_with_what_to_do(tmp_path: Path) -> None:
    environment = install(tmp_path)
    with pytest.raises(
        BesuMissingError, match=r"BESU_HOME isn't set, and there is no `besu` on PATH.*26\.7\.1 or later and Java 25"
    ):
        find({**environment, "BESU_HOME": ""})
    with pytest.raises(BesuMissingError, match=r"there is no program .*/absent/bin/besu"):
        find({**environment, "BESU_HOME": str(tmp_path / "absent")})


def test_no_java_is_told(tmp_path: Path) -> None:
    environment = install(tmp_path)
    with pytest.raises(BesuMissingError, match=r"Java was not found: JAVA_HOME is .*/absent"):
        find({**environment, "JAVA_HOME": str(tmp_path / "absent")})
    with pytest.raises(BesuMissingError, match="JAVA_HOME isn't set, and there is no `java` on PATH"):
        find({**environment, "JAVA_HOME": "", "PATH": str(tmp_path)})


@pytest.mark.parametrize(
    ("besu", "java", "refusal"),
    [
        ("26.8.0", "21.0.4", "Besu 26.8.0 needs Java 25, found is Java 21"),
        ("26.6.0", "24", "Besu 26.6.0 needs Java 25, found is Java 24"),
        ("26.3.0", "17.0.1", "Besu 26.3.0 needs Java 21, found is Java 17"),
        ("26.8.0", "1.8.0_392", "needs Java 25, found is Java 8"),
        ("24.12.0", "25", "doesn't know the rules of Prague"),
    ],
)
def test_versions_that_do_not_fit_are_refused(tmp_path: Path, besu: str, java: str, refusal: str) -> None:
    with pytest.raises(BesuMissingError, match=refusal):
        find(install(tmp_path, besu, java))


@pytest.mark.parametrize("version", ["26.4.0", "26.5.1", "26.7.0"])
def test_versions_that_are_broken_for_free_gas_are_refused_unless_the_pool_avoids_it(
    tmp_path: Path, version: str
) -> None:
    environment = install(tmp_path, version)
    with pytest.raises(BesuMissingError, match="leaves transactions of accounts without money in its pool for ever"):
        find(environment, sequenced=False)
    assert "the SEQUENCED pool of this network avoids it" in find(environment).warning


def test_an_older_version_is_warned_of_and_a_current_one_is_not(tmp_path: Path) -> None:
    assert "older than the one that this network was made for" in find(install(tmp_path / "a", "26.3.0", "21")).warning
    assert find(install(tmp_path / "b", "26.7.1")).warning == ""


def test_a_program_that_is_no_besu_is_told(tmp_path: Path) -> None:
    environment = install(tmp_path)
    (tmp_path / "besu" / "bin" / "besu").write_text("#!/bin/sh\necho nonsense\nexit 3\n")
    with pytest.raises(BesuMissingError, match="says no version: nonsense"):
        find(environment)
    (tmp_path / "besu" / "bin" / "besu").write_text(
        "#!/bin/sh\necho 'java.lang.UnsupportedClassVersionError: class file version 69.0'\n"
    )
    with pytest.raises(BesuMissingError, match="Java 25 is too old for"):
        find(environment)
