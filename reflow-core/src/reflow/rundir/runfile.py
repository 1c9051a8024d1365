"""run.json: all that is fixed when a run is made, written once."""

from __future__ import annotations

import json
import os
from typing import Any

from reflow.errors import RunDirError, UnknownRun
from reflow.filesystem.atomic import read_bytes, replace_file
from reflow.rundir.layout import RunPaths

FORMAT = 1  #: of run.json and of the files of submissions


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
        raise UnknownRun(f"no run {paths.run_id!r} in {paths.run_dir}; see: reflow runs --run-dir {paths.run_dir}") from error
    except PermissionError as error:
        raise RunDirError(f"{paths.run_json} cannot be read: {error.strerror}") from error
    except (OSError, ValueError) as error:
        raise RunDirError(f"{paths.run_json} cannot be read as the file of a run: {error}") from error
    if not isinstance(info, dict) or info.get("reflow") != FORMAT:
        raise RunDirError(
            f"{paths.run_json} is of a reflow with another format; this one reads format {FORMAT}"
        )
    return info


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
