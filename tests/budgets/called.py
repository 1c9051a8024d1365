"""Runs a flow's command line, and says at the end how many functions of reflow were called.

It counts calls and changes none: ``python called.py COUNT_FILE FLOW.py WORD ...``.
"""

import runpy
import sys
from types import FrameType

calls = 0


def count(frame: FrameType, event: str, _: object) -> None:
    global calls
    calls += event == "call" and frame.f_globals.get("__name__", "").startswith("reflow")


if __name__ == "__main__":
    place, *sys.argv = sys.argv[1:]
    sys.setprofile(count)
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        sys.setprofile(None)
        with open(place, "w", encoding="ascii") as file:
            file.write(str(calls))
