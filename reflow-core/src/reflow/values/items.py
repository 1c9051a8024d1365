"""The items of a list or tuple."""

from __future__ import annotations

from reflow.errors import ValueMisfit
from reflow.values.tagged import Tagged


def items_of(tagged: Tagged) -> list[Tagged]:
    """Return the items of a list or ``$tuple``, in order; the list itself, so do not change it.

    Raises:
        ValueMisfit: It is neither.
    """
    if type(tagged) is list:
        return tagged
    if type(tagged) is dict and type(items := tagged.get("$tuple")) is list:
        return items
    from reflow.values.show import show, tag_label

    raise ValueMisfit(f"expected a list, got {tag_label(tagged)} {show(tagged)}")
