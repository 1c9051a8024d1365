"""Results of earlier code as the present code would have made them."""

from __future__ import annotations

import json

from reflow.graph.model import Node
from reflow.model.records import Context, NewResult
from reflow.plan.identity import Recipe, split_digests


class Renewal:
    """Gives results of one context the identity that the present code gives to the same inputs.

    Attributes:
        context: Of the results as they are then: made by the present code, in the same run as before.
    """

    def __init__(self, node: Node, context: Context) -> None:
        parts = json.loads(context.parts)
        shared = {name: bytes.fromhex(value) for name, value in parts["shared"].items()}
        after = [bytes.fromhex(value) for value in parts["after"]]
        then = node._replace(version=context.version)
        self._recipe = Recipe(then, shared, context.varying, after, parts["classes"])
        self.context = context._replace(
            code=bytes.fromhex(node.code_hash),
            source=bytes.fromhex(node.source),
            file=node.file,
            parts=self._recipe.parts,
        )

    def result(self, old: NewResult) -> NewResult:
        """Return a result under its new identity."""
        return old._replace(identity=self._recipe.identity(split_digests(old.parts)))
