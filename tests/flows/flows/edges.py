"""Widths of nothing and of one, lists that cannot be zipped, and values that are not plain text."""

from __future__ import annotations

import math
from typing import Annotated, Any, Optional

from noting import note

from reflow import Result, RunDir, Workflow

wf = Workflow("edges")

TEXTS = [
    "",
    " ",
    "\n",
    "a\nb\r\n",
    "tab\t",
    "ünïcödé ☃ 𝔘",
    "'\"\\",
    "$HOME `id` ;rm",
    "\x00\x1b[31m",
    "{}[],:",
    "--help",
]
ODD = "\ud800"  # half of a surrogate pair: a str that has no UTF-8


@wf.job
def none() -> list[int]:
    return []


@wf.array_job
def each_of_none(n: Annotated[int, Result("none")], run_dir: RunDir = RunDir()) -> int:
    note(run_dir, "each_of_none")
    return n


@wf.array_job
def chain_of_none(n: Annotated[int, Result("each_of_none")]) -> list[int]:
    return [n]


@wf.array_job
def flat_of_none(n: Annotated[int, Result("chain_of_none")]) -> int:
    return n


@wf.job
def gather_of_none(found: Annotated[list[int], Result("flat_of_none")]) -> list[int]:
    return found


@wf.job
def flat_gather_of_none(found: Annotated[list[int], Result("chain_of_none")]) -> list[int]:
    return found


@wf.job(after="each_of_none")
def after_none() -> str:
    return "ran"


@wf.job
def one() -> list[str]:
    return ["only"]


@wf.array_job
def each_of_one(word: Annotated[str, Result("one")]) -> str:
    return word


@wf.job
def gather_of_one(found: Annotated[list[str], Result("each_of_one")]) -> list[str]:
    return found


@wf.job
def three() -> list[int]:
    return [1, 2, 3]


@wf.array_job
def each_of_three(n: Annotated[int, Result("three")]) -> int:
    return n


@wf.array_job
def unequal(word: Annotated[str, Result("one")], n: Annotated[int, Result("three")]) -> str:
    return f"{word}{n}"


@wf.array_job
def unequal_chain(
    n: Annotated[int, Result("each_of_three")], word: Annotated[str, Result("each_of_one")]
) -> str:
    return f"{word}{n}"


@wf.array_job
def unequal_with_none(n: Annotated[int, Result("none")], word: Annotated[str, Result("one")]) -> str:
    return f"{word}{n}"


@wf.job
def gather_of_unequal(found: Annotated[list[str], Result("unequal")]) -> list[str]:
    return found


@wf.array_job
def chain_of_unequal(word: Annotated[str, Result("unequal")]) -> str:
    return word


@wf.array_job
def returns_none(n: Annotated[int, Result("three")]) -> None:
    return None


@wf.job
def gather_of_nones(found: Annotated[list[None], Result("returns_none")]) -> str:
    return repr(found)


@wf.array_job
def sometimes_none(n: Annotated[int, Result("three")]) -> Optional[int]:
    return None if n == 2 else n


@wf.array_job
def chain_of_sometimes_none(n: Annotated[Optional[int], Result("sometimes_none")]) -> str:
    return repr(n)


@wf.job
def nested() -> list[list[list[int]]]:
    return [[[1], []], [], [[2, 3]]]


@wf.array_job
def each_nested(found: Annotated[list[list[int]], Result("nested")]) -> list[list[int]]:
    return found


@wf.job
def flat_nested(found: Annotated[list[list[int]], Result("each_nested")]) -> list[list[int]]:
    return found


@wf.job
def gather_nested(found: Annotated[list[list[list[int]]], Result("each_nested")]) -> list[list[list[int]]]:
    return found


@wf.job
def texts() -> list[str]:
    return TEXTS


@wf.array_job
def each_text(text: Annotated[str, Result("texts")]) -> str:
    return text


@wf.job
def gather_of_texts(found: Annotated[list[str], Result("each_text")]) -> list[str]:
    return found


@wf.job
def surrogate() -> str:
    return ODD


@wf.job
def takes_surrogate(text: Annotated[str, Result("surrogate")]) -> str:
    return ascii(text)


@wf.job
def odd_floats() -> list[float]:
    return [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1]


@wf.array_job
def each_float(x: Annotated[float, Result("odd_floats")]) -> str:
    return repr(x)


@wf.job
def big_int() -> int:
    return 10**400


@wf.job
def takes_big_int(n: Annotated[int, Result("big_int")]) -> bool:
    return n == 10**400


@wf.job
def table() -> dict[str, Any]:
    return {"b": [1, (2, 3)], "a\n": {"ü": None}, "": b"\x00\xff"}


@wf.job
def takes_table(found: Annotated[dict[str, Any], Result("table")]) -> str:
    return repr(found)
