"""What a function is called with, decoded by its own annotations, and what it returned: encoded, stamped, digested."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from reflow.define.markers import MISSING, Param
from reflow.define.task import binding
from reflow.errors import DefinitionError, ValueMisfit
from reflow.values.codec import codec
from reflow.values.digests import item_digests, list_digest, value_digest
from reflow.values.scalars import SCALARS
from reflow.values.tagged import Tagged, tag_of, text_of

if TYPE_CHECKING:
    from reflow.define.signature import ParameterSpec
    from reflow.define.task import TaskSpec
    from reflow.values.shapes import Adapters
    from reflow.worker.load import LoadedRun
    from reflow.worker.watch import Watched

VALUE_LIMIT = 4 << 20  #: bytes of a value's text

Decode = Callable[[Tagged], Any]

#: a value as its outcome holds it: text, output hash, item digests, whether there is a Path in it
Returned: TypeAlias = "tuple[str, bytes, bytes | None, bool]"

#: Tags of values that nothing can change.
_FIXED = frozenset({"none", "bool", "int", "str", "$enum", *(f"${kind}" for kind in SCALARS.values())})

_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)


class Inputs:
    """The inputs of the instances of one submission.

    A value that all share is decoded once when nothing can change it, else for every instance: what one
    call does to its list must not reach the next.

    Attributes:
        secrets: Texts of secret values, which no message may hold.
    """

    def __init__(self, run: LoadedRun, spec: TaskSpec, shared: dict[str, Tagged]) -> None:
        self.secrets: list[str] = []
        self._fixed: dict[str, Any] = {}
        self._afresh: list[tuple[str, Decode, Tagged]] = []
        self._each: dict[str, tuple[Decode, bool]] = {}
        self._files: list[Watched] = []
        self._trusted: set[str] = set()
        for parameter in spec.parameters:
            self._enter(run, spec.name, parameter, shared)

    def take(self, values: dict[str, Tagged]) -> dict[str, Any]:
        """Return the arguments of one instance.

        Raises:
            ValueMisfit: A value does not fit its parameter's annotation.
        """
        found = self._fixed.copy()
        name = ""
        try:
            for name, decode, tagged in self._afresh:
                found[name] = decode(tagged)
            for name, tagged in values.items():
                found[name] = self._each[name][0](tagged)
        except ValueMisfit as error:
            raise ValueMisfit(f"input {name}: {error}") from error
        return found

    def files(self, values: dict[str, Tagged]) -> list[Watched]:
        """Return the stamped files behind the inputs of one instance."""
        found = self._files
        for name, tagged in values.items():
            if (type(tagged) is dict or type(tagged) is list) and name not in self._trusted:
                found = [*found, *_files(name, tagged, is_result=self._each[name][1])]
        return found

    def _enter(self, run: LoadedRun, task: str, parameter: ParameterSpec, shared: dict[str, Tagged]) -> None:
        name = parameter.name
        if parameter.kind == "run_dir":
            self._fixed[name] = run.run_dir
            return
        decode = codec(parameter.annotation, run.adapters).decode
        is_result = parameter.kind == "result"
        if parameter.marker is not None and parameter.marker.track == "path":
            self._trusted.add(name)
        if name not in shared:
            self._each[name] = decode, is_result
            if parameter.bound is not MISSING:
                self._fixed[name] = parameter.bound
            return
        tagged = self._revealed(run, task, parameter, shared[name])
        if name not in self._trusted:
            self._files += _files(name, tagged, is_result=is_result)
        if tag_of(tagged) not in _FIXED:
            self._afresh.append((name, decode, tagged))
            return
        try:
            self._fixed[name] = decode(tagged)
        except ValueMisfit as error:
            raise ValueMisfit(f"input {name}: {error}") from error

    def _revealed(self, run: LoadedRun, task: str, parameter: ParameterSpec, tagged: Tagged) -> Tagged:
        if tag_of(tagged) != "$secret":
            return tagged
        is_local = isinstance(parameter.marker, Param) and parameter.marker.namespace == "local"
        key = binding(parameter, task) or (f"{task}_{parameter.name}" if is_local else parameter.name)
        if key not in run.secrets:
            raise DefinitionError(f"the secret parameter {key!r} is not in {run.paths.secrets}")
        value = run.secrets[key]
        if tag_of(value) in ("str", "$str") and (text := text_of(value)):
            self.secrets.append(text)
        return value


def _files(name: str, tagged: Tagged, *, is_result: bool) -> list[Watched]:
    if type(tagged) is not dict and type(tagged) is not list:
        return []
    from reflow.worker.watch import watched

    return list(watched(name, tagged, is_result=is_result))


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
