"""The only values that a parameter takes; of a list, a set or a tuple of any length, the only items."""

from __future__ import annotations

from collections.abc import Sequence

from reflow.errors import ParameterError
from reflow.values.grammar import Grammar
from reflow.values.show import show
from reflow.values.tagged import Tagged, tag_of
from reflow.values.text import item_grammar


def check_choice(choices: Sequence[Tagged] | None, grammar: Grammar, tagged: Tagged, name: str) -> None:
    """Refuse a value that is none of the choices; None, where an Optional is left out, needs not to be one.

    Args:
        name: What the message calls the parameter.

    Raises:
        ParameterError: The value, or an item of it, is none of them.
    """
    if choices is None or tagged is None:
        return
    for one in _chosen(grammar, tagged):
        if one not in choices:
            raise ParameterError(f"{name} {show(one)} is none of: {', '.join(map(show, choices))}")


def _chosen(grammar: Grammar, tagged: Tagged) -> list[Tagged]:
    if item_grammar(grammar) is None:
        return [tagged]
    return tagged if isinstance(tagged, list) else tagged[tag_of(tagged)]
