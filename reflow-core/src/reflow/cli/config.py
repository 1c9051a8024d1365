"""``config show``: each setting and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reflow.cli.call import Call
from reflow.cli.parser import CommandParser

if TYPE_CHECKING:
    from reflow.graph.definition import Definition


def parser(prog: str, workflow: Definition | None) -> CommandParser:
    """Return the parser of ``config``."""
    parser = CommandParser(prog, "Show each setting and where it comes from.", "show [options]")
    parser.add_argument(
        "action", nargs="?", choices=["show"], default="show", help="the one thing that it does"
    )
    parser.basics.add_argument("--profile", metavar="NAME", help="a profile of the configuration file")
    parser.basics.add_argument("--json", action="store_true", help="print facts as JSON")
    parser.add_basics()
    return parser


def run(call: Call) -> int:
    """Print every setting."""
    from reflow.config.keys import KEYS

    settings = call.settings
    found = {name: settings.lookup(name) for name in KEYS}
    if call.options.json:
        facts = {name: {"value": value, "origin": origin} for name, (value, origin) in found.items()}
        call.facts({"file": settings.path(), "settings": facts})
        return 0
    from reflow.view.table import table

    call.say(f"configuration file: {settings.path()}")
    rows = [(name, "-" if value is None else str(value), origin) for name, (value, origin) in found.items()]
    for line in table(rows):
        call.say(line)
    return 0
