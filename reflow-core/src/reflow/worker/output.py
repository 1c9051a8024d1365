"""What a function returned: encoded, stamped, digested."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from reflow.errors import ValueMisfit
from reflow.values.codec import codec
from reflow.values.digests import item_digests, list_digest, value_digest
from reflow.values.tagged import Tagged

if TYPE_CHECKING:
    from reflow.define.task import TaskSpec
    from reflow.values.shapes import Adapters

VALUE_LIMIT = 4 << 20  #: bytes of a value's text

_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)


#: a value as its outcome holds it: text, output hash, item digests, whether there is a Path in it
Returned: TypeAlias = "tuple[str, bytes, bytes | None, bool]"


class Output:
    """Encodes what one task returns, by its annotation."""

    def __init__(self, spec: TaskSpec, adapters: Adapters) -> None:
        self.encode = codec(spec.returns, adapters).encode
        self._track = spec.settings.track or "stat"

    def returned(self, tagged: Tagged) -> Returned:
        """Return a tagged value as its outcome holds it, with the stamps that its files have now.

        Raises:
            ValueMisfit: It is too large, or a directory in it is.
        """
        kind = type(tagged)
        if kind is int:
            return str(tagged), value_digest(tagged), None, False
        tagged, paths = (tagged, False) if kind is str else self._stamped(tagged)
        text = _ENCODER.encode(tagged)
        if len(text) > VALUE_LIMIT:
            raise ValueMisfit(
                f"the output is {len(text) / (1 << 20):.1f} MiB of text, and at most {VALUE_LIMIT >> 20} MiB are kept; "
                "write it to a file and return its Path"
            )
        items = None if kind is str else item_digests(tagged)
        output = list_digest(items) if items is not None and kind is list else value_digest(tagged)
        return text, output, None if items is None else b"".join(items), paths

    def _stamped(self, tagged: Tagged) -> tuple[Tagged, bool]:
        """Return a value with the stamps that its files have now, and whether there are any in it."""
        from reflow.values.paths import has_paths, stamped

        if not has_paths(tagged):
            return tagged, False
        from reflow.filesystem.stamps import take_stamp

        return stamped(tagged, lambda path: take_stamp(path, track=self._track)), True
