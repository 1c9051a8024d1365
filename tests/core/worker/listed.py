"""Run a script, and write down each directory that it lists: ``python listed.py REPORT SCRIPT ...``."""

import runpy
import sys

with open(sys.argv[1], "a", encoding="utf-8") as report:

    def note(event, arguments):
        if event in ("os.listdir", "os.scandir"):
            report.write(f"{arguments[0]}\n")

    sys.addaudithook(note)
    sys.argv[:] = sys.argv[2:]
    runpy.run_path(sys.argv[0], run_name="__main__")
