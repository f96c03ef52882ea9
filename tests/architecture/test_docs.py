"""What the documents say of the code is what the code says."""

import re

import pytest

from backend.custody.sentences import SENTENCES
from backend.settings import Settings
from scripts import docs_errors, docs_settings
from scripts.docs_sections import MarkersMissingError, with_section

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"\bmake ([a-z][a-z0-9-]+)\b")


def test_the_tables_of_the_contracts_are_fresh():
    assert docs_errors.main(["--check"]) == 0, "run `python -m scripts.docs_errors`"


def test_the_table_of_settings_is_fresh():
    assert docs_settings.main(["--check"]) == 0, "run `python -m scripts.docs_settings`"


def test_a_stale_table_is_noticed_and_written_anew(tmp_path, root, monkeypatch):
    monkeypatch.setattr("scripts.docs_sections.DOCS", tmp_path / "docs")
    document = tmp_path / "contracts.md"
    document.write_text((root / "docs/contracts.md").read_text(encoding="utf-8").replace("COMPLIANCE", "ANYBODY"))
    assert docs_errors.main(["--check"], document) == 1
    assert docs_errors.main([], document) == 0
    assert docs_errors.main(["--check"], document) == 0


def test_a_document_without_markers_is_refused():
    with pytest.raises(MarkersMissingError):
        with_section("# Nothing to replace\n", "errors", "…")


def test_every_custom_error_has_a_sentence():
    assert sorted(docs_errors.errors().keys() - SENTENCES.keys()) == []


def test_every_setting_says_what_it_means():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_links_between_documents_lead_somewhere(root):
    broken = []
    for document in [root / "README.md", root / "CONTRIBUTING.md", root / "CHANGELOG.md", *root.glob("docs/**/*.md")]:
        targets = [one for one in LINK.findall(document.read_text(encoding="utf-8")) if "://" not in one]
        missing = [one for one in targets if not (document.parent / one).exists()]
        broken += [f"{document.relative_to(root)} -> {one}" for one in missing]
    assert broken == []


def test_documents_name_only_commands_that_exist(root):
    known = set(re.findall(r"^([a-z0-9-]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    unknown = []
    for document in [root / "README.md", root / "CONTRIBUTING.md", *root.glob("docs/**/*.md")]:
        text = "\n".join(re.findall(r"`[^`\n]+`|^(?: {4}|\t).*$", document.read_text(encoding="utf-8"), re.MULTILINE))
        unknown += [f"{document.relative_to(root)}: make {name}" for name in COMMAND.findall(text) if name not in known]
    assert unknown == []
