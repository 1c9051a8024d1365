"""The parameters of a workflow as flags, and what was typed after them as tagged values."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reflow.cli.parser import CommandParser, literal
from reflow.errors import DefinitionError, ParameterError
from reflow.graph.choices import check_choice
from reflow.graph.flags import flags_that_deny, flags_that_give
from reflow.graph.model import Given, Graph, Parameter
from reflow.values.grammar import Grammar
from reflow.values.text import choices, is_flag, item_grammar, parse_words, takes_many

_SHOWN_LIMIT = 60  #: characters of a default in the help
_DEST = "parameter "  #: no option of a command has a space in its name


class _Switch(argparse.Action):
    """``--x`` and ``--no-x``; ``const`` are the flags that say no."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **options)

    def __call__(
        self, parser: object, options: argparse.Namespace, values: object, flag: str | None = None
    ) -> None:
        setattr(options, self.dest, ["false" if flag in self.const else "true"])


def parameter_groups(parser: CommandParser, graph: Graph) -> dict[str | None, Any]:
    """Add a heading of help for the parameters of all tasks, and one for those of each task alone."""
    tasks = dict.fromkeys(parameter.task for parameter in graph.parameters.values())
    titles = {task: literal(f"parameters of {task} alone") if task else "parameters" for task in tasks}
    return {task: parser.add_argument_group(title) for task, title in titles.items()}


def add_parameter_options(parser: CommandParser, graph: Graph, groups: dict[str | None, Any]) -> None:
    """Add a flag for each parameter, and the form ``--param-KEY`` that works for all of them.

    reflow's own options must have been added before: their flags are taken.

    Raises:
        DefinitionError: Two parameters have the same flag.
    """
    taken = parser.flags()
    for parameter in graph.parameters.values():
        _add(groups[parameter.task], parameter, taken)


def required_flags(graph: Graph) -> str:
    """Return the flags that must be given, as the usage line shows them."""
    return " ".join(_shortest(p) for p in graph.parameters.values() if p.required and not p.secret)


def _shortest(parameter: Parameter) -> str:
    if is_flag(parameter.type):
        return f"{parameter.flag}/{flags_that_deny(parameter.key)[0]}"
    return f"{parameter.flag} {_metavar(parameter)}"


def typed_values(
    graph: Graph,
    options: argparse.Namespace,
    prog: str,
    environ: Mapping[str, str] | None = None,
    ask: Callable[[str], str] | None = None,
) -> Given:
    """Return the value of every parameter: what was typed, else its default.

    Args:
        prog: The command as it was typed, for the message.
        environ: Where secrets may stand.
        ask: Asks a person for a secret; default: at the terminal, when there is one.

    Raises:
        ParameterError: A value is none that its parameter can take, or parameters without a default are missing.
    """
    found = Given({}, {})
    missing = []
    for parameter in graph.parameters.values():
        words = getattr(options, _DEST + parameter.key, None)
        if parameter.secret:
            from reflow.cli.secret import read_secret

            read = read_secret(parameter, words, os.environ if environ is None else environ, ask)
            words = None if read is None else [read]
        if words is not None:
            target = found.secrets if parameter.secret else found.parameters
            target[parameter.key] = _value(parameter, words)
        elif parameter.required:
            missing.append(parameter.flag)
        else:
            (found.secrets if parameter.secret else found.parameters)[parameter.key] = parameter.default
    if missing:
        raise ParameterError(f"{', '.join(missing)} must be given\nsee: {prog} --help")
    return found


def _add(group: Any, parameter: Parameter, taken: set[str]) -> None:
    flags = [flag for flag in (parameter.short, parameter.flag) if flag]
    settings = _settings(parameter)
    if settings.get("action") is _Switch:
        settings["const"] = flags_that_deny(parameter.key)
        flags += settings["const"][:1]
    flags += [*flags_that_give(parameter.key), *settings.get("const", ())]
    flags = list(dict.fromkeys(flags))
    if clash := taken.intersection(flags):
        raise DefinitionError(
            f"{sorted(clash)[0]} cannot be the flag of parameter {parameter.name!r}: it is taken; "
            "choose another short=, or another name"
        )
    taken.update(flags)
    group.add_argument(*flags, dest=_DEST + parameter.key, help=literal(_help(parameter)), **settings)


def _settings(parameter: Parameter) -> dict[str, Any]:
    if parameter.secret:
        return {"nargs": 1, "metavar": "@FILE"}
    if is_flag(parameter.type):
        return {"action": _Switch}
    if takes_many(parameter.type):
        return {"nargs": "*", "action": "extend", "metavar": _metavar(parameter)}
    return {"nargs": 1, "metavar": _metavar(parameter)}


def _metavar(parameter: Parameter) -> str:
    if parameter.metavar:
        return parameter.metavar
    allowed = _allowed(parameter)
    if allowed and len(allowed) <= 8:
        return "{" + ",".join(allowed) + "}"
    return parameter.name.upper()


def _allowed(parameter: Parameter) -> list[str] | None:
    if parameter.choices:
        item = item_grammar(parameter.type)
        grammar = parameter.type if item is None else item
        return [value if isinstance(value, str) else _shown(grammar, value) for value in parameter.choices]
    return choices(parameter.type)


def _help(parameter: Parameter) -> str:
    if parameter.secret:
        remark = f"secret: a file, REFLOW_PARAM_{parameter.key.upper()}, or it is asked for"
    elif parameter.required:
        remark = "required"
    else:
        remark = "" if parameter.default is None else f"default: {_shown(parameter.type, parameter.default)}"
    return " ".join(part for part in (parameter.help, f"({remark})" if remark else "") if part)


def _shown(grammar: Grammar, tagged: object) -> str:
    """Return a value as it is typed, or as people read it where that is nothing or long."""
    if isinstance(tagged, bool):
        return "yes" if tagged else "no"
    if isinstance(tagged, (str, int)):
        return str(tagged) if tagged != "" else "''"
    from reflow.values.show import show
    from reflow.values.spelled import to_words
    from reflow.view.words import quoted

    text = " ".join(map(quoted, to_words(grammar, tagged)))
    return text if 0 < len(text) <= _SHOWN_LIMIT and text.isprintable() else show(tagged, _SHOWN_LIMIT)


def _value(parameter: Parameter, words: Sequence[str]) -> Any:
    value = parse_words(parameter.type, words, parameter.flag, secret=parameter.secret)
    check_choice(parameter.choices, parameter.type, value, parameter.flag)
    return value
