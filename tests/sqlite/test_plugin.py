"""The package is found as a plugin, and importing it costs next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pluggy
import pytest

import reflow_sqlite
from reflow import hookspecs
from reflow.plugin import hookimpl


def test_pluggy_finds_the_store():
    manager = pluggy.PluginManager("reflow")
    manager.add_hookspecs(hookspecs)
    manager.register(reflow_sqlite)
    manager.check_pending()

    assert manager.hook.reflow_stores() == [[reflow_sqlite.SqliteStore]]


@pytest.mark.parametrize("options", [{}, {"tryfirst": True}, {"trylast": True}])
def test_the_marker_is_that_of_pluggy(options):
    def mine():
        pass

    def theirs():
        pass

    hookimpl(**options)(mine)
    pluggy.HookimplMarker("reflow")(**options)(theirs)

    assert mine.reflow_impl == theirs.reflow_impl


def test_the_marker_works_without_parentheses():
    @hookimpl
    def mine():
        pass

    assert mine.reflow_impl["tryfirst"] is False


@pytest.mark.parametrize(
    "module", ["sqlite3", "pluggy", "inspect", "dataclasses", "subprocess", "json", "pathlib"]
)
def test_importing_the_plugin_does_not_import(module):
    code = f"import sys, reflow_sqlite; sys.exit({module!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
