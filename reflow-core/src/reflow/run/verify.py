"""Looking at kept outputs: which of them do not hold any more, and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence

from reflow.builtin.own import own_verifier
from reflow.contracts.store import Ledger
from reflow.contracts.verifier import KeptFile, Verdict, Verifier
from reflow.errors import OutOfReach
from reflow.graph.model import Source
from reflow.model.named_tuple import NamedTuple
from reflow.model.states import InstanceState
from reflow.run.opened import OpenRun
from reflow.run.select import kept_of
from reflow.run.shared_results import SharedResults
from reflow.run.upstream import Purged, element_texts
from reflow.run.verifier_process import VerifierProcess
from reflow.rundir.control import Scope
from reflow.values.paths import paths_in

Look = Callable[[str, str], Verdict]  #: a task and the tagged JSON of an output to what is to be said of it

FILES_ONLY = "their files were looked at, and all else is trusted"  #: how a message ends that tells of `Checks.trouble`
_HOLDS = Verdict(True)


class Finding(NamedTuple):
    """A kept output of one instance, and what was found."""

    task: str
    index: int  # type: ignore[assignment]  # a field, not tuple.index
    verdict: Verdict


class Checks:
    """Checks outputs by what their tasks say: reflow's own verifiers here, all others in a process of its own.

    Args:
        beat: Is called while that process takes its time.

    Attributes:
        trouble: Why no verifier of the flow could be asked, in words, or empty. Then files alone were looked at.
    """

    def __init__(self, run: OpenRun, beat: Callable[[], object] = lambda: None) -> None:
        self.trouble = ""
        self._graph = run.graph
        self._process = VerifierProcess(run, beat)
        self._beat = beat

    def __enter__(self) -> Checks:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.close()

    def is_own(self, task: str) -> bool:
        """Whether files are all that the verifier of a task looks at."""
        return own_verifier(self._graph.tasks[task].verify) is not None

    def check(self, task: str, text: str) -> Verdict:
        """Return whether an output holds, from the tagged JSON of it."""
        own = own_verifier(self._graph.tasks[task].verify)
        if own is not None:
            self._beat()
            return _verdict_of(own, text)
        try:
            verdict = self._process.ask(task, text)
        except OutOfReach as error:
            self.trouble = str(error)
            return _verdict_on_files(text)
        if not verdict.holds and missing_file(text):
            return verdict._replace(missing=True)
        return verdict

    def check_for_readers(self, task: str, text: str) -> Verdict:
        """Return the same for what other tasks are to be given: workers refuse files that are not those that were made.

        What is accepted by its own verifier, and would be refused, is as good as missing: only its readers care.
        """
        verdict = self.check(task, text)
        if verdict.holds and (why := refused_file(text)):
            return Verdict(False, why, missing=True)
        return verdict


def refused_file(text: str) -> str:
    """Return in words which file in an output, given as tagged JSON, a worker would refuse to hand on; or nothing."""
    verdict = _verdict_on_files(text)
    return "" if verdict.holds else verdict.reason


def missing_file(text: str) -> str:
    """Return in words which file in an output, given as tagged JSON, is gone; nothing where one is another one."""
    verdict = _verdict_on_files(text)
    return verdict.reason if verdict.missing else ""


def is_changed(text: str) -> bool:
    """Whether a file in an output, given as tagged JSON, is another one than was made."""
    verdict = _verdict_on_files(text)
    return not (verdict.holds or verdict.missing)


def _verdict_on_files(text: str) -> Verdict:
    verifier = own_verifier("")
    assert verifier is not None
    return _verdict_of(verifier, text)


def _verdict_of(own: Verifier, text: str) -> Verdict:
    if '"$path"' not in text:
        return _HOLDS
    files = [KeptFile(path, stamp) for path, stamp in paths_in(json.loads(text))]
    try:
        return own.verify(None, files)
    except Exception as error:  # a verifier that raises has not found that it holds
        return Verdict(False, f"cannot be looked at: {error}")


class Outputs(NamedTuple):
    """Where the outputs of a run are: what it made, and what it reused."""

    ledger: Ledger
    results: SharedResults


def verify_run(run: OpenRun, scopes: Sequence[Scope] = ()) -> list[Finding]:
    """Check what a run has kept, all of it or parts, and change nothing.

    Raises:
        OutOfReach: The flow cannot be loaded, and the verifier of a task is in it.
    """
    meant = kept_of(run, scopes or [Scope()])
    wanted = {task: {row.index for row in rows} for task, rows in meant.items()}
    shared = SharedResults(run.store, write=False)
    try:
        with Checks(run) as checks:
            kept = Outputs(run.ledger, shared)
            found = [
                one for task, indices in wanted.items() for one in findings(checks.check, kept, task, indices)
            ]
            if checks.trouble:
                raise OutOfReach(checks.trouble)
            return found
    finally:
        shared.close()


def findings(look: Look, outputs: Outputs, task: str, indices: Collection[int] = ()) -> Iterator[Finding]:
    """Check the kept outputs of a task: all, or those of some instances."""
    reached = -1
    try:
        source = Source(task, "elements")
        for index, text in element_texts(outputs.ledger, outputs.results, source, indices):
            reached = index
            yield Finding(task, index, look(task, text))
    except Purged as lost:
        verdict = Verdict(False, f"its reused output cannot be read: {lost}", missing=True)
        for row in outputs.ledger.instances(task, {InstanceState.REUSED}, indices):
            if row.index > reached:
                yield Finding(task, row.index, verdict)
        for own in outputs.ledger.values(task, indices):
            if own.index > reached:
                yield Finding(task, own.index, look(task, own.value))
