"""Calling a task's function for one instance, whatever it does."""

from __future__ import annotations

import os
import time
from posix import environ  # what os.environ keeps: compared in a microsecond, since nothing of it is decoded
from typing import TYPE_CHECKING

from reflow.errors import DefinitionError, StaleInput, TaskInterrupted, Unfit, ValueMisfit
from reflow.rundir.outcomes import Outcome
from reflow.worker.call import Inputs, Output
from reflow.worker.interrupt import Interruption

if TYPE_CHECKING:
    from reflow.define.task import TaskSpec
    from reflow.rundir.payload import Instance, Payload
    from reflow.values.tagged import Tagged
    from reflow.worker.call import Returned
    from reflow.worker.load import LoadedRun
    from reflow.worker.watch import Watched

_HOST = os.uname().nodename


class Task:
    """One task, ready to be called for the instances of one submission.

    Raises:
        DefinitionError: The flow has no such task, or its annotations cannot be resolved here.
    """

    def __init__(self, run: LoadedRun, payload: Payload, interruption: Interruption) -> None:
        spec = _spec(run, payload.task)
        spec.resolve()
        self.name = spec.name
        self._run = run
        self._function = spec.function
        self._inputs = Inputs(run, spec, payload.shared)
        self._output = Output(spec, run.adapters)
        self._interruption = interruption
        self._directory: str = run.info["cwd"]
        self._umask: int = run.info["umask"]
        self._environment = environ.copy()

    def attempt(self, instance: Instance, attempt: int) -> Outcome:
        """Call the function once and return how that ended; raises nothing that user code raises."""
        self._interruption.why = ""
        try:
            try:
                return self._call(instance, attempt)
            except BaseException as error:
                self._interruption.inside = False
                return self._ended_badly(instance, attempt, error)
        except TaskInterrupted as late:  # a signal that came after the function had ended
            self._interruption.inside = False
            return self._ended_badly(instance, attempt, late)
        finally:
            if environ != self._environment:
                put_back(self._environment)

    def _call(self, instance: Instance, attempt: int) -> Outcome:
        interruption = self._interruption
        files = self._inputs.files(instance.values)
        unusable = check_before(files, self._run.fs_latency_s) if files else ""
        arguments = self._arguments(instance.values)
        self._go_home()
        tagged = self._encoded(arguments)
        if interruption.why:  # it caught the interruption and returned: what it made may be half of it
            raise TaskInterrupted
        value, output, items, paths = self._returned(tagged)
        if files:
            unusable = unusable or check_after(files)
        return Outcome(
            "e", instance.index, attempt, "succeeded", time.time_ns() // 1_000_000, 0, value, output, items,
            unusable or self._run.foreign_code, paths, "", None, "", _HOST,
        )  # fmt: skip

    def _go_home(self) -> None:
        """Have the directory and umask of the submit, whatever the instance before this one did."""
        os.umask(self._umask)
        try:
            if os.getcwd() == self._directory:
                return
        except FileNotFoundError:  # it was removed
            pass
        os.chdir(self._directory)

    def _arguments(self, values: dict[str, Tagged]) -> dict[str, object]:
        try:
            return self._inputs.take(values)
        except ValueMisfit as misfit:
            raise Unfit(str(misfit)) from misfit

    def _encoded(self, arguments: dict[str, object]) -> Tagged:
        """Call the function, and encode what it returned: a generator runs only then."""
        interruption = self._interruption
        interruption.enter()
        result = self._function(**arguments)
        try:
            tagged = self._output.encode(result)
        except ValueMisfit as misfit:
            raise Unfit(f"the output does not fit its annotation: {misfit}") from misfit
        interruption.inside = False
        return tagged

    def _returned(self, tagged: Tagged) -> Returned:
        try:
            return self._output.returned(tagged)
        except ValueMisfit as misfit:
            raise Unfit(str(misfit)) from misfit

    def _ended_badly(self, instance: Instance, attempt: int, error: BaseException) -> Outcome:
        from reflow.filesystem.process import own_peak_mib

        if self._interruption.keyboard_ends and isinstance(error, KeyboardInterrupt):
            self._interruption.why, self._interruption.leaving = "cancelled", "Ctrl-C"
        why = self._interruption.why
        if why:
            reason = "cancelled" if why == "cancelled" else f"interrupted: {self._interruption.leaving}"
            is_late = why == "interrupted" and self._interruption.is_late
            failure: tuple[str, str | None, str] = reason, None, "time" if is_late else why
        else:
            failure = self._failure(error)
        return Outcome(
            "e", instance.index, attempt, why or "failed", time.time_ns() // 1_000_000,
            reason=failure[0], error=failure[1], charge=failure[2], host=_HOST, peak_mib=own_peak_mib(),
        )  # fmt: skip

    def _failure(self, error: BaseException) -> tuple[str, str | None, str]:
        from reflow.worker.raised import describe  # most instances do not fail
        from reflow.worker.wording import REASON_LIMIT, masked, shortened

        if isinstance(error, (Unfit, StaleInput)):
            charge = "stamp" if isinstance(error, StaleInput) else "misfit"
            text = masked(str(error), self._inputs.secrets)
            return shortened(text, 4 * REASON_LIMIT), None, charge
        return describe(error, self._inputs.secrets)


def _spec(run: LoadedRun, task: str) -> TaskSpec:
    try:
        return run.flow.tasks[task]
    except KeyError:
        raise DefinitionError(
            f"{run.flow_file} has no task {task!r} when it is imported by a worker; "
            'define tasks in the module itself, not in a function or under: if __name__ == "__main__":'
        ) from None


def check_before(files: list[Watched], fs_latency_s: float) -> str:
    """See `reflow.worker.watch.check_before`, which most tasks never need."""
    from reflow.worker import watch

    return watch.check_before(files, fs_latency_s)


def check_after(files: list[Watched]) -> str:
    """See `reflow.worker.watch.check_after`."""
    from reflow.worker import watch

    return watch.check_after(files)


def put_back(environment: dict[bytes, bytes]) -> None:
    """See `reflow.worker.environment.put_back`."""
    from reflow.worker import environment as module

    module.put_back(environment)
