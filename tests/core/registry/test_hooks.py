"""Verifiers and adapters are matched by type, and the first plugin that answers wins."""

import pytest

from reflow.errors import PluginError
from reflow.registry.hooks import Hooks
from reflow.registry.scan import find_plugins

ADAPTER = """
    from reflow.plugin import Adapter, hookimpl

    class Own(Adapter):
        name = "{name}"
        def encode(self, value): return repr(value)
        def decode(self, data): return data

    @hookimpl
    def reflow_adapter(annotation):
        return Own() if annotation is {type} else None
"""


def own_plugins():
    return [plugin for plugin in find_plugins() if plugin.module.startswith("own_")]


def test_the_plugin_that_knows_a_type_answers_and_is_remembered(install):
    install("one", ADAPTER.format(name="one", type="complex"))
    install("two", ADAPTER.format(name="two", type="range"))

    hooks = Hooks(own_plugins())

    assert hooks.adapter(range).name == "two"
    assert hooks.adapter(slice) is None
    assert hooks.modules == ["own_two"]


def test_a_plugin_that_cannot_be_imported_is_kept_as_broken(install):
    install("broken", "raise RuntimeError('boom')\n")
    install("one", ADAPTER.format(name="one", type="range"))

    hooks = Hooks(own_plugins())

    assert hooks.adapter(range).name == "one"
    assert "RuntimeError: boom" in hooks.broken["broken"]


def test_a_misspelt_hook_is_said_and_hurts_no_other(install):
    install("a", "from reflow.plugin import hookimpl\n@hookimpl\ndef reflow_adaptor(annotation): ...\n")
    install("b", ADAPTER.format(name="b", type="range"))

    hooks = Hooks(own_plugins())

    assert "reflow_adaptor" in hooks.broken["a"]
    assert hooks.adapter(range).name == "b"


def test_an_answer_that_is_no_adapter_is_refused(install):
    install("a", "from reflow.plugin import hookimpl\n@hookimpl\ndef reflow_adapter(annotation): return 1\n")

    with pytest.raises(PluginError, match="must be an Adapter, not 1"):
        Hooks(own_plugins()).adapter(range)


def test_no_plugin_no_answer():
    hooks = Hooks([])

    assert hooks.adapter(range) is None
    assert hooks.verifier(range) is None
