"""The command and the script by which a request is handed to sbatch."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from reflow.plugin import JobRequest, NamedTuple
from reflow_slurm.native import comment_of
from reflow_slurm.options import option_problems, resource_options

MOST_OF_A_NAME = 255  #: letters of a job's name that the accounting database keeps
_EXCLUDE = "--exclude="
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class Submission(NamedTuple):
    """A command, and what it reads on its standard input."""

    argv: tuple[str, ...]
    script: str

    def text(self) -> str:
        """Return it as it would be typed."""
        return f"{shlex.join(self.argv)} <<'END'\n{self.script}END"


def request_problems(request: JobRequest) -> list[str]:
    """Return why a request cannot be handed over as it is, each in words with what to do instead."""
    problems = option_problems(request.resources)
    if not _NAME.fullmatch(request.name) or len(request.name) > MOST_OF_A_NAME:
        problems.append(f"{request.name!r} cannot be a job's name; use letters, digits, '.', '_' and '-'")
    problems += [
        f"{word!r} cannot be written into a script; rename that file or directory"
        for word in request.argv
        if not _is_text(word)
    ]
    return problems


def _is_text(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return not {"\0", "\r"} & set(word)


def submission(request: JobRequest, dependencies: Sequence[str]) -> Submission:
    """Return what is handed to sbatch; nothing in it is interpreted by a shell.

    Every request is an array, of one element too: then each element has a number and an id of one form.

    Args:
        dependencies: The array jobs that must have ended first, and elements of such.
    """
    return Submission(
        (
            "sbatch",
            "--parsable",
            f"--job-name={request.name}",
            f"--comment={comment_of(request.token)}",
            f"--array={_array(request)}",
            f"--output={log_pattern(request.log_dir, request.token)}",
            "--open-mode=append",
            f"--chdir={request.cwd}",
            # ahead of the task's own: of an option given twice the last counts
            *([f"--signal=B:USR2@{request.warn_s}"] if request.warn_s else []),
            *_with_exclude(resource_options(request.resources), request.exclude),
            *([f"--begin=now+{request.begin_s}"] if request.begin_s else []),
            *([f"--dependency=afterany:{':'.join(dependencies)}"] if dependencies else []),
        ),
        f"#!/bin/sh\numask 077\nexec {shlex.join(request.argv)}\n",
    )


def _with_exclude(options: Sequence[str], nodes: Sequence[str]) -> list[str]:
    """Return options with nodes left out beside those that the task leaves out: sbatch takes one list only."""
    own = [option for option in options if option.startswith(_EXCLUDE)][-1:]
    if not nodes or (own and "/" in own[0]):  # a file's name, to which no nodes can be added
        return list(options)
    rest = [option for option in options if not option.startswith(_EXCLUDE)]
    return [_EXCLUDE + ",".join([*nodes, *(option.removeprefix(_EXCLUDE) for option in own)]), *rest]


def _array(request: JobRequest) -> str:
    at_once = request.resources.array_parallelism
    return f"0-{request.count - 1}" + (f"%{at_once}" if at_once else "")


def log_pattern(directory: str, token: str) -> str:
    """Return where the elements log to, as Slurm's pattern.

    After a backslash anywhere in it Slurm replaces nothing, and all elements would share one file. Then Slurm's
    own words are given up; the worker opens its log by itself.
    """
    if "\\" in directory:
        return "/dev/null"
    return f"{directory.replace('%', '%%')}/{token}.%a.log"
