"""Whatever a function does, there is one outcome that says so."""

from __future__ import annotations

import json

import pytest

from reflow.values.digests import item_digests, value_digest

DEEP = "x = 1\n    for _ in range(10**5):\n        x = [x]\n    return x"
CYCLE = "x = []\n    x.append(x)\n    return x"


def task(body, returns="int", signature=""):
    return f"@flow.array_job()\ndef task({signature}) -> {returns}:\n    {body}\n"


def end_of(called):
    run, sub = called
    (end,) = run.ends(sub).values()
    return end


@pytest.mark.parametrize(
    ("returns", "body", "tagged"),
    [
        ("int", "return 1", 1),
        ("None", "pass", None),
        ("float", "return float('nan')", {"$float": "nan"}),
        ("str", "return 'ä\\n\\t'", "ä\n\t"),
        ("str", "return '\\udcff'", {"$str": "\\udcff"}),
        ("bytes", "return b'x'", {"$bytes": "eA=="}),
        ("Iterator[int]", "yield from [1, 2]", [1, 2]),
        ("list[list[str]]", "return [['a'], []]", [["a"], []]),
    ],
)
def test_value_is_kept_with_its_digest(call, returns, body, tagged):
    end = end_of(call(task(body, returns)))

    assert json.loads(end.value) == tagged
    assert end.output == value_digest(tagged)


def test_list_comes_with_the_digests_of_its_items(call):
    end = end_of(call(task("return ['a', 'b']", "list[str]")))

    assert end.items == b"".join(item_digests(["a", "b"]))


@pytest.mark.parametrize(
    ("body", "charge", "reason"),
    [
        ("raise ValueError('no ' + 'good')", "exception", "ValueError: no good"),
        ("raise ValueError('one\\ntwo')", "exception", "ValueError: one"),
        ("raise KeyboardInterrupt", "exception", "KeyboardInterrupt"),
        ("raise GeneratorExit", "exception", "GeneratorExit"),
        ("raise MemoryError", "exception", "MemoryError"),
        ("return task()", "exception", "RecursionError"),
        ("sys.exit(3)", "exit", "exited with 3"),
        ("sys.exit()", "exit", "exited with 0"),
        ("sys.exit('no data')", "exit", "exited: no data"),
        ("return 'x'", "misfit", "expected int"),
        ("return None", "misfit", "the output does not fit"),
        (DEEP, "misfit", ""),
        (CYCLE, "misfit", ""),
    ],
)
def test_failure_is_recorded_with_its_reason(work, body, charge, reason):
    end = end_of(work(task(body, "int" if "x = " not in body else "list")))

    assert (end.state, end.charge) == ("failed", charge)
    assert reason in end.reason
    assert len(end.reason) + len(end.error or "") < 64_000


BROKEN = """
class Broken(Exception):
    def __str__(self): raise SystemExit("from __str__")
    __repr__ = __str__
"""


def test_exception_that_cannot_be_shown_is_recorded(call):
    end = end_of(call(BROKEN + task("raise Broken")))

    assert end.state == "failed"
    assert end.reason.startswith("Broken")


def test_long_message_is_cut(call):
    end = end_of(call(task("raise ValueError('x' * 10**7)")))

    assert len(end.reason) + len(end.error) < 64_000


def test_traceback_begins_in_the_user_s_function(call):
    end = end_of(call(task("raise ValueError('x')")))

    shown = json.loads(end.error)["traceback"]
    assert "small_flow.py" in shown
    assert "reflow/worker" not in shown


def test_output_over_the_limit_says_what_to_return_instead(call):
    end = end_of(call(task("return 'x' * (5 << 20)", "str")))

    assert end.state == "failed"
    assert "5.0 MiB" in end.reason
    assert "Path" in end.reason


def test_retries_are_made_in_place_and_each_is_an_attempt(call):
    body = "tries.append(1)\n    if len(tries) < 3: raise ValueError(len(tries))\n    return 7"
    run, sub = call("tries = []\n" + task(body), retries=2)

    ends = [line for line in run.outcomes(sub) if line.kind == "e"]
    assert [(end.attempt, end.state, end.again) for end in ends] == [
        (1, "failed", True),
        (2, "failed", True),
        (3, "succeeded", False),
    ]


def test_last_retry_is_not_tried_again(call):
    run, sub = call(task("raise ValueError"), retries=1)

    assert [line.again for line in run.outcomes(sub) if line.kind == "e"] == [True, False]


def test_misfit_is_not_tried_again(call):
    run, sub = call(task("return 'x'"), retries=5)

    assert [line.again for line in run.outcomes(sub) if line.kind == "e"] == [False]


def test_inputs_are_decoded_by_the_function_s_annotations(call):
    signature = "a: float, b: tuple[int, ...], c: Path, d: int | None = None"
    body = "return repr([a, b, c, d])"
    values = {"a": 1, "b": [1, 2], "c": {"$path": ["/x", None]}, "d": None}

    end = end_of(call(task(body, "str", signature), [values]))

    assert json.loads(end.value) == "[1.0, (1, 2), PosixPath('/x'), None]"


def test_input_that_does_not_fit_names_its_parameter(call):
    end = end_of(call(task("return a", "int", "a: int"), [{"a": "x"}]))

    assert (end.state, end.charge) == ("failed", "misfit")
    assert "input a" in end.reason


def test_run_dir_is_the_directory_of_the_run(call):
    run, sub = call(task("return str(out)", "str", "out: RunDir"))

    assert json.loads(run.ends(sub)[0].value) == run.paths.run_dir


def test_what_one_call_does_to_a_shared_list_does_not_reach_the_next(call):
    run, sub = call(
        task("a.append(1)\n    return len(a)", "int", "a: list[int], n: int"),
        [{"n": 0}, {"n": 1}, {"n": 2}],
        {"a": []},
    )

    assert [run.ends(sub)[index].value for index in range(3)] == ["1", "1", "1"]


@pytest.mark.parametrize(
    ("tagged", "secret"),
    [("hunter2", "hunter2"), ({"$str": "hunter\\udcff"}, "hunter")],
    ids=["letters", "any bytes"],
)
def test_secret_reaches_the_function_and_no_outcome(call, tagged, secret):
    secrets = "Path(__file__).parent / 'runs' / '.reflow' / 'small-1' / 'secrets.json'"
    text = f"({secrets}).write_text({json.dumps({'token': tagged})!r})\n"
    body = "raise ValueError(f'bad {token}')"

    run, sub = call(
        text + task(body, "int", "token: Annotated[str, Param(secret=True)]"),
        shared={"token": {"$secret": "ab"}},
    )

    end = run.ends(sub)[0]
    assert end.reason == "ValueError: bad ***"
    assert all(secret not in str(line) for line in run.outcomes(sub))
