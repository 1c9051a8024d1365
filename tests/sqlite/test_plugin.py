"""The package is found as a plugin, and importing it costs next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pluggy
import pytest

import reflow_sqlite
from reflow import hookspecs


def test_pluggy_finds_the_store():
    manager = pluggy.PluginManager("reflow")
    manager.add_hookspecs(hookspecs)
    manager.register(reflow_sqlite)
    manager.check_pending()

    assert manager.hook.reflow_stores() == [[reflow_sqlite.SqliteStore]]


@pytest.mark.parametrize(
    "module", ["sqlite3", "pluggy", "inspect", "dataclasses", "subprocess", "json", "pathlib"]
)
def test_importing_the_plugin_does_not_import(module):
    code = f"import sys, reflow_sqlite; sys.exit({module!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
