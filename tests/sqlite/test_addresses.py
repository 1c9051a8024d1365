"""An address is a URL or a plain path, and anything else is refused in words."""

from __future__ import annotations

import os

import pytest

from reflow.plugin import StoreError
from reflow_sqlite.store import path_of


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("sqlite:///scratch/me/store.db", "/scratch/me/store.db"),
        ("/scratch/me/store.db", "/scratch/me/store.db"),
        ("/scratch/../store.db", "/store.db"),
        ("sqlite:///scratch/50% of a#b?.db", "/scratch/50% of a#b?.db"),
    ],
)
def test_an_address_names_an_absolute_path(address, path):
    assert path_of(address) == path


def test_a_relative_path_begins_at_the_working_directory():
    assert path_of("store.db") == os.path.join(os.getcwd(), "store.db")


def test_a_tilde_is_the_home_directory():
    assert path_of("~/store.db") == os.path.join(os.environ["HOME"], "store.db")


@pytest.mark.parametrize(
    "address", ["postgres:///db", "sqlite://host/store.db", "sqlite://store.db", "", "sqlite:///"]
)
def test_an_address_of_nothing_is_refused_with_what_to_write(address):
    with pytest.raises(StoreError, match="write"):
        path_of(address)
