"""What the verifier of a task says of an output: a function of the user's, or that of a plugin."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from reflow.builtin.own import MODULES
from reflow.contracts.verifier import KeptFile, Verdict, Verifier
from reflow.errors import DefinitionError
from reflow.values.codec import codec
from reflow.values.paths import paths_in
from reflow.worker.adapters import offers
from reflow.worker.raised import describe
from reflow.worker.wording import REASON_LIMIT, shortened

if TYPE_CHECKING:
    from reflow.define.task import TaskSpec
    from reflow.values.tagged import Tagged
    from reflow.worker.load import LoadedRun

Verify = Callable[[Any, "list[KeptFile]"], Verdict]


class Judge:
    """Asks the verifiers of one run; what they are is found out once for each task."""

    def __init__(self, run: LoadedRun) -> None:
        self._run = run
        self._known: dict[str, tuple[Callable[[Tagged], Any], Verify]] = {}

    def verdict(self, task: str, tagged: Tagged) -> Verdict:
        """Return what is said of an output; whatever is raised means that it does not hold."""
        try:
            decode, verify = self._of(task)
            files = [KeptFile(path, stamp) for path, stamp in paths_in(tagged)]
            holds, reason, missing = verify(decode(tagged), files)
            told = str(reason) or "its verifier says so, and does not say why"
            return Verdict(bool(holds), shortened(told, 2 * REASON_LIMIT), bool(missing))
        except BaseException as error:
            told, _, kind = describe(error)
            return Verdict(False, f"its verifier {told if kind == 'exit' else f'raised {told}'}")

    def _of(self, task: str) -> tuple[Callable[[Tagged], Any], Verify]:
        if task not in self._known:
            spec: TaskSpec = self._run.flow.tasks[task]
            spec.resolve()
            decode = codec(spec.returns, self._run.adapters).decode
            self._known[task] = decode, self._verify(spec)
        return self._known[task]

    def _verify(self, spec: TaskSpec) -> Verify:
        wanted = spec.settings.verify
        if callable(wanted):
            return partial(_called, wanted)
        modules = (*self._run.info["plugins"], *(module.__name__ for module in MODULES))
        for found in offers(modules, "reflow_verifier", spec.returns):
            if isinstance(found, Verifier) and wanted in (None, found.name):
                return found.verify
        raise DefinitionError(f"no plugin of the run has a verifier {wanted!r}")


def _called(function: Callable[[Any], object], output: object, files: list[KeptFile]) -> Verdict:
    found = function(output)
    if isinstance(found, Verdict):
        return found
    name = getattr(function, "__name__", type(function).__name__)
    return Verdict(bool(found), f"verify={name} returned {shortened(repr(found), REASON_LIMIT)}")
