"""From argv to an exit code. Nothing that a user can put right ends in a traceback."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from reflow.cli.call import Call, let_go, write
from reflow.cli.commands import ANY_RUN, COMMANDS, FLOW, NOT_YET, commands_of
from reflow.errors import OutOfReach, ReflowError, UsageError
from reflow.view.words import quoted

if TYPE_CHECKING:
    from reflow.graph.definition import Definition

INTERRUPTED = 130

# What is asked of a run that exists is answered while the script is being rewritten, and sooner.
_ON_RUNS = frozenset(
    {"status", "wait", "cancel", "retry", "verify", "invalidate", "runs", "results", "logs", "why"}
)


def main(workflow: Definition, argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Carry out a command of a workflow's own script and return the exit code.

    Args:
        argv: What was typed after the script; default: ``sys.argv[1:]``.
        prog: What was typed before that, for help and hints; default: found from how Python was started.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    return guarded(lambda: hurried(lambda: _dispatch(workflow, words, prog or _script())))


def reflow_main(argv: Sequence[str] | None = None) -> int:
    """Carry out a command of ``reflow``, for any run, and return the exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    return guarded(lambda: hurried(lambda: _dispatch(None, words, "reflow")))


def hurried(action: Callable[[], int]) -> int:
    """Return the exit code of an action that is over before garbage matters; one that takes long collects again.

    Collecting while modules are imported and once more at the end of the process takes an eighth of the time
    of a short command.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    atexit.register(gc.freeze)
    try:
        return action()
    finally:
        if was_enabled:
            gc.enable()


def guarded(action: Callable[[], int]) -> int:
    """Return the exit code of an action; say in words what went wrong, but for what only a programmer can mend."""
    if sys.stdout is None or sys.stderr is None:  # closed by whoever started this
        nowhere = open(os.devnull, "w")  # noqa: SIM115  (open to the end of the process)
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    code = _flushed(_carried_out(action))
    try:
        sys.stderr.flush()
    except OSError:
        let_go(sys.stderr)
    return code


def _carried_out(action: Callable[[], int]) -> int:
    try:
        return action()
    except ReflowError as error:
        write(sys.stderr, f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        write(sys.stderr, "interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # who reads logs has seen enough of them
        let_go(sys.stdout)
        return 0
    except OSError as error:
        return _failed(error)
    except SystemExit as leaving:  # argparse leaves so after --help
        return leaving.code if isinstance(leaving.code, int) else 0


def _flushed(code: int) -> int:
    """Write what stdout still holds, and return the exit code: that of the command, unless it cannot be written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough; how a run ended is not for it to say
        let_go(sys.stdout)
    except OSError as error:
        return _failed(error)
    return code


def _failed(error: OSError) -> int:
    let_go(sys.stdout)
    write(sys.stderr, f"error: {_told_of_system(error)}")
    return OutOfReach.exit_code


def _told_of_system(error: OSError) -> str:
    if error.filename:
        return f"{error.filename}: {error.strerror or error}"
    try:
        os.getcwd()
    except FileNotFoundError:
        was = os.environ.get("PWD", "")
        return f"the working directory {was} is not there any more; go to one that is: cd DIRECTORY"
    return error.strerror or str(error)


def _dispatch(workflow: Definition | None, words: list[str], prog: str) -> int:
    name = words[0] if words else "--help"
    where = ANY_RUN if workflow is None else FLOW
    if workflow is not None and name not in _ON_RUNS and name != "check":
        workflow.graph()  # all that does not fit is said before anything else
    if name in ("-h", "--help", "help"):
        write(sys.stdout, _overview(workflow, prog))
        return 0
    if name == "--version":
        from reflow.model import VERSION

        write(sys.stdout, f"reflow {VERSION}")
        return 0
    if name not in {command.name for command in commands_of(where)}:
        raise UsageError(_no_such_command(name, where, prog))
    module = import_module(f"reflow.cli.{COMMANDS[name].module}")
    parser = module.parser(f"{prog} {name}", workflow)
    call = Call(prog, name, workflow, parser.parse_args(words[1:]))
    try:
        code: int = module.run(call)
    finally:  # a key that nobody knows may be why the command failed
        for warning in call.settings.warnings():
            call.hint(f"warning: {warning}")
    return code


def _no_such_command(name: str, where: str, prog: str) -> str:
    from reflow.define.names import did_you_mean

    if name in NOT_YET:
        return f"{name!r} is not there yet"
    if name in COMMANDS:
        other = f"python flow.py {name}" if COMMANDS[name].where == FLOW else f"reflow {name}"
        return f"{prog} has no command {name!r}; type: {other}"
    known = [command.name for command in commands_of(where)]
    return f"no command is called {name!r}{did_you_mean(name, known)}\nsee: {prog} --help"


def _overview(workflow: Definition | None, prog: str) -> str:
    where = ANY_RUN if workflow is None else FLOW
    about = "any run" if workflow is None else f"workflow {workflow.name}, {len(workflow.tasks)} tasks"
    run = " RUN" if workflow is None else ""
    commands = commands_of(where)
    width = max(len(command.name) for command in commands) + 2
    lines = [f"usage: {prog} COMMAND{run} [options]", "", about, "", "commands:"]
    lines += [f"  {command.name:{width}}{command.help}" for command in commands]
    lines += ["", f"see also: {prog} COMMAND --help"]
    return "\n".join(lines)


def _script() -> str:
    """Return how this script was started, ready to paste: ``python flow.py``, ``python -m pkg.flow``.

    What was typed into an interpreter, or a notebook, cannot be started again: ``reflow`` knows its runs, too.
    """
    main = sys.modules.get("__main__")
    if getattr(main, "__file__", None) is None:
        return "reflow"
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name and spec.name != "__main__":  # a directory was named, not a package
        return f"python -m {quoted(spec.name.removesuffix('.__main__'))}"
    return f"python {quoted(sys.argv[0])}" if sys.argv and sys.argv[0] else "python"
