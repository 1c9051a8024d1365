"""What the statement of a class says of it: what it is made from, and what all of its objects share."""

from __future__ import annotations

import ast

from reflow.graph.bodies import Body
from reflow.graph.free_names import Chain
from reflow.graph.named import every_node
from reflow.graph.parsed import NAMED, is_plain
from reflow.graph.roots import CALLED, root_of

_OWN_CLASS = "__class__"  #: an attribute that stands for the class itself


def bases_of(node: ast.ClassDef) -> list[Chain]:
    """Return the names of what a class is made from, as they are written."""
    return [root_of(base) for base in node.bases]


def shares(node: ast.ClassDef, attributes: Chain) -> bool:
    """Whether an object shares with its class what is changed of it.

    Args:
        attributes: Of the object; none when any may be changed.
    """
    if attributes[:1] == (_OWN_CLASS,):
        return True
    own = _collections_of(node)
    return bool(own) if attributes[:1] in ((), (CALLED,)) else attributes[0] in own


def changed_of_class(body: Body) -> list[Chain]:
    """Return the attributes of ``self`` that a method changes and that may be those of its class."""
    of_class = (chain for chain in body.changed if chain[1:2] == (_OWN_CLASS,))
    found = {*body.inside, *of_class}
    return [chain[1:] for chain in found if chain[:1] == (body.first,) and len(chain) > 1]


def _collections_of(node: ast.ClassDef) -> set[str]:
    """Return the names of a class that may be lists or the like."""
    shared = [one for one in node.body if not isinstance(one, NAMED) and not is_plain(one)]
    within = [part for one in shared for part in every_node(one) if isinstance(part, ast.Name)]
    return {name.id for name in within if type(name.ctx) is not ast.Load}
