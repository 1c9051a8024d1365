"""Values to tagged JSON and back, by their annotation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reflow.errors import ValueMisfit
from reflow.values.coder import Coder
from reflow.values.compile import compile_shape
from reflow.values.misfit import Misfit
from reflow.values.shapes import no_adapters, shape_of
from reflow.values.tagged import Tagged

if TYPE_CHECKING:
    from reflow.values.shapes import Adapters

_CODECS: dict[Any, Codec] = {}


class Codec:
    """Encodes what a task returned, and decodes what a task asked for, by one annotation."""

    __slots__ = ("_coder", "annotation")

    def __init__(self, annotation: object, coder: Coder) -> None:
        self.annotation = annotation
        self._coder = coder

    def encode(self, value: object) -> Tagged:
        """Return a value as tagged JSON; of the type that it has, not of the type that was asked for.

        Iterators are listed. Paths are made absolute and carry no stamp yet.

        Raises:
            ValueMisfit: The annotation does not allow the value, or it is nested more than 200 deep. The message
                starts with the path to what is wrong.
        """
        try:
            return self._coder.encode(value, 0)
        except Misfit as misfit:
            raise misfit.error() from misfit.__cause__

    def decode(self, tagged: Tagged) -> Any:
        """Return the value; of exactly the type that was encoded, except that an int becomes the float, and a list
        the tuple or a tuple the list, that the annotation asks for.

        Raises:
            ValueMisfit: The annotation does not allow the value.
        """
        try:
            return self._coder.decode(tagged, True)
        except Misfit as misfit:
            raise misfit.error() from misfit.__cause__
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
            raise ValueMisfit(f"damaged value: {str(tagged)[:60]} ({error})") from error


def codec(annotation: object, adapters: Adapters = no_adapters) -> Codec:
    """Return the codec of a resolved annotation, made once for each.

    Raises:
        DefinitionError: reflow does not know the type, and there is no adapter for it.
    """
    try:
        known = _CODECS.get((annotation, adapters))
    except TypeError:  # something in Annotated that has no hash
        return Codec(annotation, compile_shape(shape_of(annotation, adapters), adapters))
    if known is None:
        known = Codec(annotation, compile_shape(shape_of(annotation, adapters), adapters))
        _CODECS[annotation, adapters] = known
    return known
