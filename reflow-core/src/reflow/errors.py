"""Every exception of reflow, one tree.

::

    ReflowError                     exit code 2: usage, definition, configuration
      DefinitionError               a decorator or an include that cannot be right
        WiringError                 what does not fit between tasks, all of it at once
      UsageError
        ParameterError              a value that a parameter cannot take
        ConfigError                 the configuration file
      PluginError                   a plugin that is missing, broken or there twice
      ValueMisfit                   a value that does not fit its annotation
      OutOfReach                    exit code 3: unreachable, unreadable, damaged
        RunDirError
        StoreError
          StoreDamaged
          StoreTooNew
          StoreHalfWritten          its last writer stopped half-way, and that cannot be undone from here
          Fenced                    a write of an epoch that is over
        SchedulerError
          NotSubmitted              certainly not, nothing is queued
          SubmissionUnknown         it may be queued: look it up by its token
      UnknownName                   exit code 4
        UnknownRun
        UnknownTask
    TaskInterrupted                 a BaseException, raised inside a task's function

A message is one to three lines: what is wrong, with the value, and what to type next.
"""

from __future__ import annotations

from typing import ClassVar


class ReflowError(Exception):
    """Something that a user can put right; shown without a traceback."""

    exit_code: ClassVar[int] = 2


class DefinitionError(ReflowError):
    """A decorator, a signature or an include that cannot be right."""


class WiringError(DefinitionError):
    """All that does not fit between the tasks of a workflow, in one report.

    Attributes:
        problems: One text per problem, each with file, line, both types and what to write instead.
    """

    def __init__(self, workflow: str, problems: tuple[str, ...]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"workflow {workflow!r} has {count}:", *problems]))


class UsageError(ReflowError):
    """A command or a call that cannot be meant as it is."""


class ParameterError(UsageError):
    """A value that a parameter cannot take, or one that is missing."""


class ConfigError(UsageError):
    """A configuration file that cannot be read as one."""


class PluginError(ReflowError):
    """A plugin that is missing, broken or there twice."""


class ValueMisfit(ReflowError):
    """A value that does not fit its annotation; the message holds the path to it."""


class Unfit(ReflowError):
    """What a task was given or returned is not what its annotation allows, or is too large to be kept."""


class StaleInput(ReflowError):
    """A file that an upstream task returned is not the one that it wrote."""


class OutOfReach(ReflowError):
    """A store, run directory or scheduler that is not there, unreadable or of another version."""

    exit_code = 3


class RunDirError(OutOfReach):
    """A run directory that cannot be read or written."""


class StoreError(OutOfReach):
    """A store that cannot be reached now."""


class StoreDamaged(StoreError):
    """A store whose file is damaged, or is no store at all."""


class StoreTooNew(StoreError):
    """A store that was written by a newer reflow."""


class StoreHalfWritten(StoreError):
    """A store whose last writer stopped half-way, which this process may not undo, or not yet."""


class Fenced(StoreError):
    """A write of an epoch that is over: somebody else advances the run now."""


class SchedulerError(OutOfReach):
    """A question to the scheduler that got no answer."""


class NotSubmitted(SchedulerError):
    """The scheduler certainly did not take the request; nothing of it is queued.

    Attributes:
        transient: Whether the same request may be taken later.
        over_limit: Whether it was more than may be queued at once: then one of fewer elements may be taken now.
    """

    def __init__(self, message: str, *, transient: bool = False, over_limit: bool = False) -> None:
        super().__init__(message)
        self.transient = transient
        self.over_limit = over_limit


class SubmissionUnknown(SchedulerError):
    """The request may be queued or not: look it up by its token before submitting again."""


class UnknownName(ReflowError):
    """A run or a task that nobody knows."""

    exit_code = 4


class UnknownRun(UnknownName):
    """No run, or more than one, is meant by a text."""


class UnknownTask(UnknownName):
    """No task is meant by a selector."""


class TaskInterrupted(BaseException):
    """Raised inside a task's function when its job is about to be ended.

    A ``BaseException``, so that ``except Exception`` does not swallow it. Catch it to write
    a checkpoint, then raise it again.
    """
