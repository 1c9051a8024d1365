"""What every process of a run starts with: ``python -I boot.py COMMAND RUN_ROOT ...``.

Run as a script, with nothing but the standard library in reach. Where the rest is, the run's own file says:
not PYTHONPATH, not the current directory. That file is believed only if it is this user's own.
"""

import gc
import os
import sys

# What must be in run.json for a worker to start; `reflow.rundir.runfile` checks it for everybody else, and is not in
# reach here yet.
_NEEDED = (
    "version",
    "sys_path",
    "own_path",
    "umask",
    "cwd",
    "python",
    "entry",
    "modules",
    "plugins",
    "executor",
    "options",
)
_STARTED_FOR = "REFLOW_STARTED_FOR"  # in the environment of what a task starts: the root of the run

# What every command needs of Python: loaded while only Python is looked through, and not the user's directories too.
_LIBRARY = ("__future__", "fcntl", "signal", "typing", "zlib")


def main() -> int:
    """Restore what ``submit`` was started with, and go on in the module of the command."""
    gc.disable()  # it finds nothing among modules, and takes a tenth of the time to load them
    command, root = sys.argv[1:3]
    if os.environ.get("REFLOW_LOADING"):
        raise SystemExit(
            f"module {os.environ['REFLOW_LOADING']!r} submits a workflow when it is imported; "
            'put that under: if __name__ == "__main__":'
        )
    info = _read_trusted(root)
    for name in _LIBRARY:
        __import__(name)
    launched = {
        "run": info,
        "environment": dict(os.environ),
        "directory": _directory(),
        "umask": os.umask(0o077),
    }
    os.environ[_STARTED_FOR] = root
    sys.path[:] = [*info["sys_path"], *sys.path] if info["own_path"] else info["sys_path"]
    os.umask(info["umask"])
    os.chdir(info["cwd"])
    version = _version(info)
    if info["version"] != version:
        raise SystemExit(
            f"this run was submitted by reflow {info['version']}; {sys.executable} has reflow {version} now\n"
            f"install reflow {info['version']} there again, or submit a new run"
        )
    entry = __import__(f"reflow.entry.{command}", fromlist=["main"])
    gc.freeze()  # what is loaded now stays, and need not be looked through
    gc.enable()
    return int(entry.main(root, sys.argv[3:], launched))


def _version(info: dict) -> str:  # type: ignore[type-arg]  # typing is not imported for it
    try:
        from reflow.model import VERSION
    except ImportError:
        raise SystemExit(
            f"{sys.executable} has no reflow\n"
            f"install reflow {info['version']} there, or choose another by [executor] python"
        ) from None
    return VERSION


def _read_trusted(root: str) -> dict:  # type: ignore[type-arg]  # typing is not imported for it
    for path in (root, os.path.join(root, "run.json")):
        found = os.stat(path)
        if found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise SystemExit(f"{path} belongs to somebody else, or others can write to it; it is not run")
    import json

    with open(path, encoding="utf-8") as file:
        info = json.load(file)
    if not isinstance(info, dict) or any(name not in info for name in _NEEDED):
        raise SystemExit(f"{path} is damaged: something is missing in it\nits run cannot go on; submit again")
    return info


def _directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return "/"


def _refuse(command: str, reason: str) -> int:
    """Say why nothing can be done, to the log and, from a resident worker, to its executor too."""
    print(f"reflow: {reason}", file=sys.stderr)
    if command == "serve":
        import json

        try:
            os.write(3, json.dumps({"fatal": reason}).encode() + b"\n")
        except OSError:
            pass
    return 3


def _run() -> int:
    command = sys.argv[1]  # user code is shown others
    try:
        return main()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else _refuse(command, str(error.code))
    except Exception as error:
        if told := _told(error):
            return _refuse(command, told)
        raise


def _told(error: Exception) -> str:
    """Return in words what needs no traceback, or nothing."""
    if isinstance(error, (ImportError, AttributeError)):
        try:
            from reflow.hidden import hidden_by
        except Exception:  # it is not there, or what it needs is hidden, too
            pass
        else:
            if hidden := hidden_by(error):
                return hidden
    return f"{type(error).__name__}: {error}" if isinstance(error, (OSError, ImportError, ValueError)) else ""


def _leave_threads_behind(status: int) -> None:
    """End now where user code left threads that Python would wait for; what is to be done at exit is done."""
    threading = sys.modules.get("threading")
    if threading is not None and any(
        not t.daemon for t in threading.enumerate() if t is not threading.main_thread()
    ):
        import atexit

        try:
            atexit._run_exitfuncs()
            sys.stdout.flush()
        finally:
            os._exit(status)


def _serve_child(root: str) -> None:
    """Load the flow from the run's own copy, as the worker has it that started this process.

    Such a process runs the file of its parent's ``__main__`` first, which is this one, and has its ``sys.path``. What
    it is sent next may be a function of a script that no other name finds, or that has been edited since.
    """
    from reflow.worker.load import load_run

    load_run(root, _read_trusted(root))


if __name__ == "__mp_main__" and _STARTED_FOR in os.environ:  # by multiprocessing, from within a task
    _serve_child(os.environ[_STARTED_FOR])

if __name__ == "__main__":
    try:
        status = _run()
    except Exception:
        sys.excepthook(*sys.exc_info())
        status = 1
    _leave_threads_behind(status)
    sys.exit(status)
