"""run.json: all that is fixed when a run is made, written once."""

from __future__ import annotations

import json
import os
from typing import Any

from reflow.errors import RunDirError, UnknownRun
from reflow.filesystem.files import read_bytes, replace_file
from reflow.rundir.layout import RunPaths

FORMAT = 1  #: of run.json and of the files of submissions
_KINDS = {
    "workflow": str,
    "store": str,
    "cwd": str,
    "python": str,
    "manifest": dict,
    "parameters": dict,
    "executor": dict,
}


def write_run(paths: RunPaths, info: dict[str, Any]) -> None:
    """Write run.json durably; from here on the run exists."""
    replace_file(paths.run_json, json.dumps({"reflow": FORMAT, **info}, separators=(",", ":")).encode())


def read_run(paths: RunPaths) -> dict[str, Any]:
    """Return what run.json says.

    Raises:
        UnknownRun: There is no such run.
        RunDirError: It cannot be read, or a newer reflow wrote it.
    """
    try:
        info = json.loads(read_bytes(paths.run_json))
    except FileNotFoundError as error:
        hint = f"see: reflow runs --run-dir {paths.run_dir}"
        raise UnknownRun(f"no run {paths.run_id!r} in {paths.run_dir}; {hint}") from error
    except PermissionError as error:
        raise RunDirError(f"{paths.run_json} cannot be read: {error.strerror}") from error
    except (OSError, ValueError) as error:
        raise damaged_run(paths, str(error)) from error
    if not isinstance(info, dict) or "reflow" not in info:
        raise damaged_run(paths, "it does not say of which format it is")
    if info["reflow"] != FORMAT:
        raise RunDirError(
            f"{paths.run_json} is of format {info['reflow']!r}, and this reflow reads {FORMAT}; "
            "use the reflow that wrote it"
        )
    if wrong := [name for name, kind in _KINDS.items() if not isinstance(info.get(name), kind)]:
        raise damaged_run(paths, f"what it says of {', '.join(wrong)} is missing or wrong")
    return info


def is_there(paths: RunPaths) -> bool:
    """Whether a run can be reached: its directory may have been removed meanwhile, or its file system be away."""
    return os.path.exists(paths.run_json)


def gone_run(paths: RunPaths) -> RunDirError:
    """Return the error for a run that was there."""
    return RunDirError(
        f"run {paths.run_id} was made in {paths.run_dir}, and is not there now\n"
        "is that directory out of reach here, or was it deleted? then submit again"
    )


def damaged_run(paths: RunPaths, why: str) -> RunDirError:
    """Return the error for a run.json that is not as it was written."""
    return RunDirError(f"{paths.run_json} is damaged: {why}\nits run cannot go on; submit again")


def check_own(paths: RunPaths) -> None:
    """Refuse to change a run of somebody else, which may be looked at only.

    Raises:
        RunDirError: It belongs to another user, or its directory is gone.
    """
    try:
        owner = os.stat(paths.root).st_uid
    except FileNotFoundError as error:
        raise gone_run(paths) from error
    if owner != os.geteuid():
        raise RunDirError(f"run {paths.run_id} belongs to user {owner}, and only they can change it")


def check_trusted(paths: RunPaths) -> None:
    """Refuse to run code from a run directory that others own or can write (design: security).

    Raises:
        RunDirError: It is somebody else's, or others can write to it.
    """
    found = os.stat(paths.root)
    if found.st_uid != os.geteuid():
        raise RunDirError(
            f"{paths.root} belongs to user {found.st_uid}; a run of somebody else is only looked at"
        )
    if found.st_mode & 0o022:
        raise RunDirError(f"others can write to {paths.root}; type: chmod go-w {paths.root}")
