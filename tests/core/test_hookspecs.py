"""Hooks are what pluggy takes them for, and the marker of plugin authors is pluggy's own without its cost."""

from __future__ import annotations

import subprocess
import sys
import types

import pluggy
import pytest

from reflow import hookspecs
from reflow.plugin import hookimpl

HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("reflow_"))


def manager():
    made = pluggy.PluginManager(hookspecs.GROUP)
    made.add_hookspecs(hookspecs)
    return made


def plugin(*functions):
    made = types.ModuleType("a_plugin")
    for function in functions:
        setattr(made, function.__name__, function)
    return made


def test_there_are_four_hooks():
    assert HOOKS == ["reflow_adapter", "reflow_executors", "reflow_stores", "reflow_verifier"]


@pytest.mark.parametrize("options", [{}, {"tryfirst": True}, {"trylast": True}])
def test_the_marker_is_that_of_pluggy(options):
    def mine():
        pass

    def theirs():
        pass

    hookimpl(**options)(mine)
    hookspecs.hookimpl(**options)(theirs)

    assert mine.reflow_impl == theirs.reflow_impl


def test_the_marker_works_without_parentheses():
    @hookimpl
    def mine():
        pass

    assert mine.reflow_impl["tryfirst"] is False


def test_an_implementation_asks_only_for_what_it_uses():
    @hookimpl
    def reflow_verifier():
        return "mine"

    hooks = manager()
    hooks.register(plugin(reflow_verifier))

    assert hooks.hook.reflow_verifier(annotation=list[int]) == "mine"


def test_the_first_plugin_that_answers_wins_and_those_that_pass_do_not_count():
    @hookimpl(tryfirst=True)
    def reflow_adapter(annotation):
        return "first" if annotation is int else None

    first = plugin(reflow_adapter)

    @hookimpl
    def reflow_adapter(annotation):
        return "second"

    hooks = manager()
    hooks.register(plugin(reflow_adapter), "second")
    hooks.register(first, "first")

    assert hooks.hook.reflow_adapter(annotation=int) == "first"
    assert hooks.hook.reflow_adapter(annotation=str) == "second"


def test_a_hook_that_nobody_knows_is_refused():
    @hookimpl
    def reflow_executor():
        return []

    hooks = manager()
    hooks.register(plugin(reflow_executor))

    with pytest.raises(pluggy.PluginValidationError, match="reflow_executor"):
        hooks.check_pending()


def test_writing_a_plugin_does_not_import_pluggy():
    code = "import sys, reflow.plugin; reflow.plugin.hookimpl; sys.exit('pluggy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
