"""Each row of the table of wiring, as two tasks; the downstream one returns what it was given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Optional, Union

from noting import note

from reflow import Flow, Result, RunDir, Workflow

wf = Workflow("wiring")


# Upstream: jobs


@wf.job
def word() -> str:
    return "w"


@wf.job
def number() -> int:
    return 7


@wf.job
def nothing() -> None:
    return None


@wf.job
def words() -> list[str]:
    return ["a", "b", "c"]


@wf.job
def two_lists() -> list[list[str]]:
    return [["a"], ["b", "c"]]


@wf.job
def sequence() -> Sequence[str]:
    return ("s", "t")


@wf.job
def generated() -> Iterable[str]:
    return (letter for letter in "gh")


@wf.job
def same_type_tuple() -> tuple[str, ...]:
    return "t", "u"


@wf.job
def pair() -> tuple[str, int]:
    return "p", 1


@wf.job
def numbers() -> list[int]:
    return [1, 2]


@wf.job
def flags() -> list[bool]:
    return [True, False]


@wf.job
def model() -> Literal["era5", "icon"]:
    return "icon"


@wf.job
def untyped() -> list[Any]:
    return ["x", 1]


class Station(NamedTuple):
    name: str
    height: float


@wf.job
def stations() -> list[Station]:
    return [Station("a", 1.5), Station("b", 2)]


@wf.job
def files(run_dir: RunDir = RunDir()) -> list[Path]:
    found = [run_dir / "x.txt", run_dir / "y.txt"]
    for path in found:
        path.write_text(path.name)
    return found


# Upstream: arrays


@wf.array_job
def upper(letter: Annotated[str, Result("words")]) -> str:
    return letter.upper()


@wf.array_job
def doubled(letter: Annotated[str, Result("words")]) -> list[str]:
    return [letter, letter * 2]


@wf.array_job
def ragged(n: Annotated[int, Result("numbers")]) -> list[int]:
    return list(range(n - 1))


# Downstream: what each was given


@wf.job
def direct(got: Annotated[str, Result("word")]) -> str:
    return got


@wf.job
def direct_list(got: Annotated[list[str], Result("words")]) -> list[str]:
    return got


@wf.job
def direct_none(got: Annotated[None, Result("nothing")]) -> str:
    return repr(got)


@wf.job
def direct_pair(got: Annotated[tuple[str, int], Result("pair")]) -> str:
    return repr(got)


@wf.job
def direct_widened(got: Annotated[float, Result("number")]) -> str:
    return repr(got)


@wf.job
def direct_literal(got: Annotated[str, Result("model")]) -> str:
    return got


@wf.job
def direct_optional(got: Annotated[Optional[str], Result("word")]) -> str:
    return repr(got)


@wf.job
def direct_union(got: Annotated[Union[int, str], Result("word")]) -> str:
    return repr(got)


@wf.job
def by_function(got: Annotated[str, Result(word)]) -> str:
    return got


@wf.array_job
def fanned_out(got: Annotated[str, Result("words")]) -> str:
    return f"<{got}>"


@wf.array_job
def fanned_out_lists(got: Annotated[list[str], Result("two_lists")]) -> str:
    return "+".join(got)


@wf.array_job
def fanned_out_sequence(got: Annotated[str, Result("sequence")]) -> str:
    return got


@wf.array_job
def fanned_out_generator(got: Annotated[str, Result("generated")]) -> str:
    return got


@wf.array_job
def fanned_out_tuple(got: Annotated[str, Result("same_type_tuple")]) -> str:
    return got


@wf.array_job
def fanned_out_widened(got: Annotated[float, Result("numbers")]) -> str:
    return repr(got)


@wf.array_job
def fanned_out_bools(got: Annotated[int, Result("flags")]) -> str:
    return repr(got)


@wf.array_job
def fanned_out_any(got: Annotated[Union[str, int], Result("untyped")]) -> str:
    return repr(got)


@wf.array_job
def fanned_out_records(got: Annotated[Station, Result("stations")]) -> str:
    return repr(got)


@wf.array_job
def fanned_out_paths(got: Annotated[Path, Result("files")]) -> str:
    return got.read_text()


@wf.array_job
def broadcast_list(n: Annotated[int, Result("numbers")], got: Annotated[list[str], Result("words")]) -> str:
    return f"{n}{got}"


@wf.array_job
def broadcast_value(n: Annotated[int, Result("numbers")], got: Annotated[str, Result("word")]) -> str:
    return f"{n}{got}"


@wf.array_job
def broadcast_forced(
    n: Annotated[int, Result("numbers")], got: Annotated[Sequence[str], Result("words", broadcast=True)]
) -> str:
    return f"{n}{list(got)}"


@wf.array_job
def broadcast_array(
    n: Annotated[int, Result("numbers")], got: Annotated[list[str], Result("upper", broadcast=True)]
) -> str:
    return f"{n}{got}"


@wf.job
def gathered(got: Annotated[list[str], Result("upper")]) -> list[str]:
    return got


@wf.job
def gathered_tuple(got: Annotated[tuple[str, ...], Result("upper")]) -> str:
    return repr(got)


@wf.job
def gathered_lists(got: Annotated[list[list[str]], Result("doubled")]) -> list[list[str]]:
    return got


@wf.job
def gathered_flat(got: Annotated[list[str], Result("doubled")]) -> list[str]:
    return got


@wf.job
def gathered_flat_ragged(got: Annotated[list[int], Result("ragged")]) -> list[int]:
    return got


@wf.array_job
def chained(got: Annotated[str, Result("upper")]) -> str:
    return f"<{got}>"


@wf.array_job
def chained_lists(got: Annotated[list[str], Result("doubled")]) -> str:
    return "+".join(got)


@wf.array_job
def flattened(got: Annotated[str, Result("doubled")]) -> str:
    return f"<{got}>"


@wf.array_job
def flattened_ragged(got: Annotated[int, Result("ragged")]) -> int:
    return got


@wf.job
def several(got: Annotated[list[str], Result(steps=["words", "upper", "word"])]) -> list[str]:
    return got


@wf.job
def several_backwards(got: Annotated[list[str], Result(steps=["word", "upper", "words"])]) -> list[str]:
    return got


@wf.job
def several_arrays_of_lists(
    got: Annotated[list[list[str]], Result(steps=["doubled", "two_lists"])],
) -> list[list[str]]:
    return got


@wf.array_job
def several_fanned_out(got: Annotated[str, Result(steps=["words", "upper", "word"])]) -> str:
    return f"<{got}>"


@wf.array_job
def several_broadcast(
    n: Annotated[int, Result("numbers")], got: Annotated[list[str], Result(steps=["words", "word"])]
) -> str:
    return f"{n}{got}"


@wf.array_job
def zipped(
    letter: Annotated[str, Result("words")],
    shout: Annotated[str, Result("upper")],
    both: Annotated[list[str], Result("doubled")],
) -> str:
    return f"{letter}{shout}{both}"


@wf.job(after=["marked"])
def afterwards(run_dir: RunDir = RunDir()) -> bool:
    return (run_dir / "mark").exists()


@wf.array_job(after="marked")
def array_afterwards(n: Annotated[int, Result("numbers")], run_dir: RunDir = RunDir()) -> bool:
    return (run_dir / "mark").exists()


@wf.job
def marked(run_dir: RunDir = RunDir()) -> None:
    (run_dir / "mark").touch()


# Included twice, once with a value bound; its steps follow the prefix


reading = Flow("reading")


@reading.job
def sources(model: Literal["era5", "icon"], count: int = 2) -> list[str]:
    return [f"{model}{i}" for i in range(count)]


@reading.array_job
def read(source: Annotated[str, Result("sources")], run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "read", source)
    return f"{source}!"


@reading.job(after="sources")
def summed(found: Annotated[list[str], Result(read)], outer: Annotated[str, Result("word")]) -> str:
    return f"{'+'.join(found)} {outer}"


wf.include(reading)
wf.include(reading, prefix="era", params={"model": "era5"})
wf.include(reading, prefix="ico", params={"model": "icon", "count": 3})


@wf.job
def merged(
    era: Annotated[list[str], Result("era_read")], ico: Annotated[list[str], Result("ico_read")]
) -> list[str]:
    return [*era, *ico]
