"""How the tasks of the test flows write down that they were called."""

from __future__ import annotations

import os


def note(run_dir: object, *words: object) -> None:
    """Append one line to the calls of a run; lines of several processes do not mix."""
    line = " ".join(map(str, words)) + "\n"
    file = os.open(f"{run_dir}/calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)
