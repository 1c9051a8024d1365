"""The façade for plugin authors: what a plugin may use of reflow, all of it.

A name is imported when it is first used, so that a plugin costs a command only what the command needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

    from reflow.contracts.adapter import Adapter
    from reflow.contracts.executor import (
        ElementReport,
        Event,
        Executor,
        JobRequest,
        Limits,
        ResidentExecutor,
        Usage,
    )
    from reflow.contracts.store import Ledger, Results, Salvage, Store, StoredValue
    from reflow.contracts.verifier import KeptFile, Verdict, Verifier
    from reflow.errors import (
        ConfigError,
        Fenced,
        NotSubmitted,
        OutOfReach,
        PluginError,
        ReflowError,
        SchedulerError,
        StoreDamaged,
        StoreError,
        StoreHalfWritten,
        StoreTooNew,
        SubmissionUnknown,
        TaskInterrupted,
        UsageError,
        ValueMisfit,
    )
    from reflow.filesystem.files import (
        make_directory,
        read_bytes,
        remove_directory,
        replace_file,
        sync_directory,
        write_new,
    )
    from reflow.filesystem.locks import Holder, LockFile
    from reflow.filesystem.process import ProcessId, how_it_ended, peak_mib, this_process
    from reflow.filesystem.stamps import take_stamp
    from reflow.model.named_tuple import NamedTuple
    from reflow.model.records import (
        Acceptance,
        AttemptRow,
        Changes,
        Context,
        EarlierResult,
        Figures,
        FoundResult,
        InstanceRow,
        Maker,
        NewResult,
        OldResult,
        OutputRow,
        Overview,
        RunEntry,
        SubmissionRow,
        TaskRow,
        Unpublished,
    )
    from reflow.model.resources import Resources
    from reflow.model.states import InstanceState, JobState, RunState, TaskState
    from reflow.shell import CommandResult, StartedCommand, run_command, start_command

_HOMES = {
    "reflow.contracts.adapter": ("Adapter",),
    "reflow.contracts.executor": (
        *("ElementReport", "Event", "Executor", "JobRequest", "Limits", "ResidentExecutor", "Usage"),
    ),
    "reflow.contracts.store": ("Ledger", "Results", "Salvage", "Store", "StoredValue"),
    "reflow.contracts.verifier": ("KeptFile", "Verdict", "Verifier"),
    "reflow.errors": (
        *("ConfigError", "Fenced", "NotSubmitted", "OutOfReach", "PluginError", "ReflowError"),
        *("SchedulerError", "StoreDamaged", "StoreError", "StoreHalfWritten", "StoreTooNew"),
        "SubmissionUnknown",
        *("TaskInterrupted", "UsageError", "ValueMisfit"),
    ),
    "reflow.filesystem.files": (
        *("make_directory", "read_bytes", "remove_directory", "replace_file", "sync_directory", "write_new"),
    ),
    "reflow.filesystem.locks": ("Holder", "LockFile"),
    "reflow.filesystem.process": ("ProcessId", "how_it_ended", "peak_mib", "this_process"),
    "reflow.filesystem.stamps": ("take_stamp",),
    "reflow.model.named_tuple": ("NamedTuple",),
    "reflow.model.records": (
        *("Acceptance", "AttemptRow", "Changes", "Context", "EarlierResult", "Figures", "FoundResult"),
        *(
            "InstanceRow",
            "Maker",
            "NewResult",
            "OldResult",
            "OutputRow",
            "Overview",
            "RunEntry",
            "SubmissionRow",
            "TaskRow",
            "Unpublished",
        ),
    ),
    "reflow.model.resources": ("Resources",),
    "reflow.model.states": ("InstanceState", "JobState", "RunState", "TaskState"),
    "reflow.shell": ("CommandResult", "StartedCommand", "run_command", "start_command"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

_F = TypeVar("_F", bound="Callable[..., object]")


@overload
def hookimpl(function: _F, /) -> _F: ...
@overload
def hookimpl(*, tryfirst: bool = False, trylast: bool = False) -> Callable[[_F], _F]: ...
def hookimpl(
    function: _F | None = None, /, *, tryfirst: bool = False, trylast: bool = False
) -> _F | Callable[[_F], _F]:
    """Mark a function as the implementation of the hook of its name.

    It is ``pluggy.HookimplMarker("reflow")`` without the 12 ms that importing pluggy takes.
    """

    def mark(implementation: _F) -> _F:
        options = {
            "wrapper": False,
            "hookwrapper": False,
            "optionalhook": False,
            "tryfirst": tryfirst,
            "trylast": trylast,
            "specname": None,
        }
        setattr(implementation, "reflow_impl", options)  # noqa: B010  (mypy knows no attributes of functions)
        return implementation

    return mark if function is None else mark(function)


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'reflow.plugin' has no attribute {name!r}")
    found: object = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return list(__all__)


__all__ = [
    "Acceptance",
    "Adapter",
    "AttemptRow",
    "Changes",
    "CommandResult",
    "ConfigError",
    "Context",
    "EarlierResult",
    "ElementReport",
    "Event",
    "Executor",
    "Fenced",
    "Figures",
    "FoundResult",
    "Holder",
    "InstanceRow",
    "InstanceState",
    "JobRequest",
    "JobState",
    "KeptFile",
    "Ledger",
    "Limits",
    "LockFile",
    "Maker",
    "NamedTuple",
    "NewResult",
    "NotSubmitted",
    "OldResult",
    "OutOfReach",
    "OutputRow",
    "Overview",
    "PluginError",
    "ProcessId",
    "ReflowError",
    "ResidentExecutor",
    "Resources",
    "Results",
    "RunEntry",
    "RunState",
    "Salvage",
    "SchedulerError",
    "StartedCommand",
    "Store",
    "StoreDamaged",
    "StoreError",
    "StoreHalfWritten",
    "StoreTooNew",
    "StoredValue",
    "SubmissionRow",
    "SubmissionUnknown",
    "TaskInterrupted",
    "TaskRow",
    "TaskState",
    "Unpublished",
    "Usage",
    "UsageError",
    "ValueMisfit",
    "Verdict",
    "Verifier",
    "hookimpl",
    "how_it_ended",
    "make_directory",
    "peak_mib",
    "read_bytes",
    "remove_directory",
    "replace_file",
    "run_command",
    "start_command",
    "sync_directory",
    "take_stamp",
    "this_process",
    "write_new",
]
