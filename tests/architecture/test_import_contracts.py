"""The import rules name everything that exists, so a new package can't stay outside them."""

import re

import pytest

NOT_A_LAYER = {"migrations"}
NO_DOMAIN = {"core", "web", *NOT_A_LAYER}


@pytest.fixture(scope="module")
def contracts(configuration):
    return {contract["id"]: contract for contract in configuration["tool"]["importlinter"]["contracts"]}


@pytest.fixture(scope="module")
def folders(root):
    return {path.parent.name for path in root.glob("backend/*/__init__.py")}


def test_every_folder_of_the_backend_has_a_place_in_the_domain_order(contracts, folders):
    layers = set(re.findall(r"\w+", " ".join(contracts["domain-order"]["layers"])))
    assert folders - NOT_A_LAYER <= layers


def test_every_domain_follows_the_inner_order(contracts, folders):
    containers = {name.removeprefix("backend.") for name in contracts["inside-a-domain"]["containers"]}
    assert folders - NO_DOMAIN == containers


@pytest.mark.parametrize("rule", ["http-only-in-web", "only-custody-signs"])
def test_no_domain_escapes_a_prohibition(contracts, folders, rule):
    allowed = {"http-only-in-web": {"web"}, "only-custody-signs": {"custody"}}[rule]
    named = {name.removeprefix("backend.") for name in contracts[rule]["source_modules"]}
    assert folders - NOT_A_LAYER - allowed <= named


def test_every_repository_belongs_to_its_domain(contracts, root):
    repositories = {path.parent.name for path in root.glob("backend/*/repository.py")}
    protected = {name.removeprefix("repository-of-") for name in contracts if name.startswith("repository-of-")}
    assert repositories == protected, "write a contract `repository-of-<domain>` in pyproject.toml beside its siblings"
