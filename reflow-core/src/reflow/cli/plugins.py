"""``plugins``: what is installed, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reflow.cli.call import Call
from reflow.cli.parser import CommandParser
from reflow.errors import PluginError

if TYPE_CHECKING:
    from reflow.graph.definition import Definition

_SAME_IMPORT_NAME = "reflow-hpc"


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``plugins``."""
    parser = CommandParser(prog, "List the plugins that are installed.")
    parser.basics.add_argument("--json", action="store_true", help="print facts as JSON")
    parser.basics.add_argument("-q", "--quiet", action="store_true", help="print names alone")
    parser.add_basics()
    return parser


def run(call: Call) -> int:
    """List plugins; a broken one is a line among the others."""
    from reflow.registry.scan import find_plugins, installed_version

    facts = [_facts(plugin) for plugin in find_plugins()]
    names = [fact["name"] for fact in facts]
    for fact in facts:
        if names.count(fact["name"]) > 1:
            fact["trouble"] = "another plugin has the same name; uninstall one of them"
    if call.options.json:
        call.facts(facts)
    elif call.options.quiet:
        for fact in facts:
            call.say(fact["name"])
    else:
        _show(call, facts)
    if installed_version(_SAME_IMPORT_NAME):
        call.hint(
            f"warning: {_SAME_IMPORT_NAME} is installed too, and has the same import name, reflow; "
            "keep it in an environment of its own"
        )
    return 0


def _facts(plugin: Any) -> dict[str, Any]:
    from reflow.registry.load import import_plugin, offered

    fact = {**plugin._asdict(), "offers": [], "trouble": None}
    try:
        module = import_plugin(plugin)
        for kind in ("executor", "store"):
            fact["offers"] += [f"{kind} {getattr(found, 'name', '?')}" for found in offered(module, kind)]
        hooks = ("reflow_adapter", "reflow_verifier")
        fact["offers"] += [hook.removeprefix("reflow_") for hook in hooks if hasattr(module, hook)]
    except PluginError as error:
        fact["trouble"] = str(error)
    except Exception as error:  # whatever a plugin's hooks raise is the plugin's trouble
        fact["trouble"] = f"{type(error).__name__}: {error}"
    return fact


def _show(call: Call, facts: list[dict[str, Any]]) -> None:
    from reflow.view.table import table

    rows = [("plugin", "offers", "from")]
    rows += [(f["name"], ", ".join(f["offers"]) or "-", f"{f['distribution']} {f['version']}") for f in facts]
    for line in table(rows):
        call.say(line)
    for fact in facts:
        if fact["trouble"]:
            call.say(f"  {call.screen().glyph('failed')} {fact['name']}: {fact['trouble']}")
