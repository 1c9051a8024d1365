"""A fan-out and a gather, with a parameter at each step, and a task beside them."""

from __future__ import annotations

from typing import Annotated

from noting import note

from reflow import Param, Result, RunDir, Workflow

wf = Workflow("reuse")


@wf.job
def prepare(items: list[str], sort: bool = False, run_dir: RunDir = RunDir()) -> list[str]:
    note(run_dir, "prepare")
    return sorted(items) if sort else items


@wf.array_job
def convert(item: Annotated[str, Result("prepare")], scale: float = 1.0, run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "convert", item)
    return f"{item} by {scale}"


@wf.array_job
def check(text: Annotated[str, Result("convert")], run_dir: RunDir = RunDir()) -> int:
    note(run_dir, "check", text)
    return len(text)


@wf.job
def finalize(
    texts: Annotated[list[str], Result("convert")],
    lengths: Annotated[list[int], Result("check")],
    title: Annotated[str, Param(namespace="local")] = "",
    run_dir: RunDir = RunDir(),
) -> str:
    note(run_dir, "finalize")
    return f"{title}{sum(lengths)}"


@wf.job
def beside(scale: float = 1.0, tags: frozenset[str] = frozenset(), run_dir: RunDir = RunDir()) -> float:
    note(run_dir, "beside")
    return scale


@wf.job(after="beside")
def last(run_dir: RunDir = RunDir()) -> None:
    note(run_dir, "last")


# The same task, as its settings change


versions = {version: Workflow("versions") for version in ("1", "2")}


def _versioned(run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "versioned")
    return "made"


for version, workflow in versions.items():
    workflow.job(name="versioned", version=version)(_versioned)
first_version, second_version = versions.values()

uncached_version = Workflow("versions")
uncached_version.job(name="versioned", version="3", cache=False)(_versioned)
third_version = Workflow("versions")
third_version.job(name="versioned", version="3")(_versioned)

fresh = Workflow("fresh")


@fresh.job(cache=False)
def clock(words: list[str], run_dir: RunDir = RunDir()) -> list[str]:
    note(run_dir, "clock")
    return words


@fresh.array_job(cache=False)
def uncached(word: Annotated[str, Result("clock")], run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "uncached", word)
    return word


@fresh.job
def reader(words: Annotated[list[str], Result("uncached")], run_dir: RunDir = RunDir()) -> int:
    note(run_dir, "reader")
    return len(words)


# Equal work within one run


equal = Workflow("equal")


@equal.job
def names(names: list[str]) -> list[str]:
    return names


@equal.array_job
def once(name: Annotated[str, Result("names")], fails: bool = False, run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "once", name)
    if fails and name == "a":
        raise ValueError(name)
    return name.upper()


second_try = Workflow("second_try")


@second_try.job
def pair() -> list[str]:
    return ["a", "a"]


@second_try.array_job
def fails_first(name: Annotated[str, Result("pair")], run_dir: RunDir = RunDir()) -> str:
    if not (run_dir / "failed").exists():
        (run_dir / "failed").touch()
        raise ValueError(name)
    return name.upper()


@equal.job
def together(found: Annotated[list[str], Result("once")]) -> str:
    return "".join(found)


# A task of which no source is to be found


unseen = Workflow("unseen", code="auto")
_made: dict[str, object] = {"__name__": __name__, "RunDir": RunDir, "note": note}
exec("def made_up(run_dir: RunDir = RunDir()) -> int:\n    note(run_dir, 'made_up')\n    return 1\n", _made)
unseen.job(_made["made_up"])  # type: ignore[call-overload]
