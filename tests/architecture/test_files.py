"""Rules that every committed file keeps."""

import re

import pytest

LONGEST = 400
# Where our own code lives; generated and vendored files are elsewhere.
CODE = {"backend": (".py",), "indexer": (".py",), "scripts": (".py", ".cjs"), "contracts": (".sol",)}
# Written by Alembic and never edited after: a record of what was done to the tables, in one piece.
GENERATED = "backend/migrations/versions/"

# Hosts that packages are downloaded from: the machine's configuration decides about them, not the project.
REGISTRY = re.compile(
    r"\b(?:registry\.(?:npmjs\.org|yarnpkg\.com)|pypi\.org|files\.pythonhosted\.org|proxy\.golang\.org"
    r"|deb\.debian\.org|static\.crates\.io|index\.docker\.io)\b"
)
# A path that exists on one machine only: its author's.
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root|home/\w+|Users/\w+|opt/wheels)(?:/|\b(?![\w-]))")
TEXT = {
    *(".py", ".sol", ".md", ".txt", ".in", ".toml", ".json", ".yaml", ".yml", ".cfg", ".ini", ".sh", ".cjs", ".js"),
    *(".css", ".html", ".j2", ".po", ".pot", ".csv", ".tsv", ".xml", ".service", ".env", ".example", ".conf", ""),
}


@pytest.fixture(scope="module")
def texts(committed, root):
    """Name and content of each text file, this one aside: it has to spell out what it forbids."""
    chosen = [path for path in committed if path.suffix in TEXT and path.name != "test_files.py"]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8", errors="replace") for path in chosen}


def lines_with(pattern, texts):
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_registry(texts):
    assert lines_with(REGISTRY, texts) == []


def test_no_file_names_a_path_of_one_machine(texts):
    assert lines_with(MACHINE_PATH, texts) == []


def test_code_files_stay_short(committed, root):
    long = {}
    for path in committed:
        name = path.relative_to(root)
        if path.suffix in CODE.get(name.parts[0], ()) and not name.as_posix().startswith(GENERATED):
            length = len(path.read_text(encoding="utf-8").splitlines())
            if length > LONGEST:
                long[name.as_posix()] = length
    assert long == {}


def test_python_packages_are_locked_by_hash(root):
    for name in (
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-node.txt",
        "requirements-audit.txt",
        "requirements-ops.txt",
    ):
        blocks = re.split(r"\n(?=[a-zA-Z0-9])", (root / name).read_text(encoding="utf-8"))
        pinned = [block for block in blocks if "==" in block.splitlines()[0]]
        assert pinned, name
        assert [block.splitlines()[0] for block in pinned if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("see /root/.cache", True),
        ('"/work/main"', True),
        ("/home/anna/project", True),
        ("https://example.com/work/", False),
        ("https://example.com/home/anna", False),
        ("~/work/x and ./root/x", False),
        ("/workers and /rootless", False),
    ],
)
def test_the_machine_path_rule_knows_a_path_from_a_url(line, found):
    assert bool(MACHINE_PATH.search(line)) is found
