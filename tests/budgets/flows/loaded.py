"""A task that says what its worker has loaded when it is called."""

import json
import sys
from typing import Annotated

from reflow import Param, Workflow

wf = Workflow("loaded")


@wf.job()
def modules(path: Annotated[str, Param(help="Where to write them")]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(sorted(sys.modules), file)


if __name__ == "__main__":
    raise SystemExit(wf.cli())
