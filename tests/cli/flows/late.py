"""A task that imports a module of the project when it is called, by a name that nobody can read."""

import importlib

from reflow import Workflow

wf = Workflow("late")


@wf.job
def brings() -> int:
    return importlib.import_module("late" + "_helper").NUMBER


if __name__ == "__main__":
    raise SystemExit(wf.cli())
