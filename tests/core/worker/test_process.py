"""What user code does to its process neither breaks the protocol nor reaches the next instance."""

from __future__ import annotations

import os

import pytest

HEAD = "@flow.array_job()\ndef task(n: int) -> int:\n"


def states(run, sub):
    return {index: end.state for index, end in run.ends(sub).items()}


def numbers(count):
    return [{"n": n} for n in range(count)]


@pytest.mark.parametrize(
    "deed",
    [
        "sys.stdout.close()",
        "sys.stderr.close()",
        "sys.stdout = sys.stderr = None",
        "os.close(1); os.close(2)",
        "os.closerange(0, 50)",
        "os.closerange(3, 256)",
        "os.chdir('/')",
        "os.umask(0o777)",
        "print('x' * (10 << 20))",
        "os.dup2(os.open(os.devnull, os.O_WRONLY), 1)",
        "sys.stdin.read()",
        "os.fork()",
        "__import__('multiprocessing').get_context('fork').Pool(2).map(abs, [1, 2])",
        "__import__('subprocess').run(['sh', '-c', 'echo hi; ls -l /proc/self/fd'])",
        "__import__('threading').Thread(target=time.sleep, args=(30,)).start()",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "sys.path.clear()",
    ],
)
def test_neighbours_are_not_harmed(work, deed):
    run, sub = work(f"{HEAD}    if n == 1: {deed}\n    print('line', n)\n    return n\n", numbers(4))

    found = states(run, sub)
    assert (found[0], found[2], found[3]) == ("succeeded",) * 3
    assert len([line for line in run.outcomes(sub) if line.kind == "e"]) == 4
    assert "line 3" in run.log(sub)


def test_log_slices_hold_what_their_instance_printed(work):
    run, sub = work(
        HEAD + "    print('instance', n)\n    os.system(f'echo child {n}')\n    return n\n", numbers(3)
    )

    lines = run.outcomes(sub)
    log = run.log(sub)
    for n in range(3):
        begin, end = (line.log for line in lines if line.index == n)
        assert log[begin:end] == f"instance {n}\nchild {n}\n"


def test_children_of_user_code_inherit_none_of_the_protocol_s_descriptors(work):
    text = (
        HEAD
        + "    return len([f for f in __import__('subprocess').check_output(['ls', '/proc/self/fd']).split()])\n"
    )

    run, sub = work(text, numbers(1))

    assert run.ends(sub)[0].value in ("4", "5")  # 0, 1, 2, the directory, and the pipe of check_output


def test_death_names_its_signal_or_status(work):
    text = (
        HEAD
        + "    if n == 1: os._exit(7)\n    if n == 3: os.kill(os.getpid(), signal.SIGSEGV)\n    return n\n"
    )

    run, _sub = work(text, numbers(5))

    assert [event.reason for event in run.events if event.kind == "died"] == [
        "ended with exit status 7 (os._exit?)",
        "killed by signal 11 (SIGSEGV)",
    ]


def test_directory_and_umask_are_those_of_submit(work):
    text = (
        HEAD
        + "    u = os.umask(0); os.umask(u)\n    assert os.getcwd() == os.path.dirname(__file__)\n    return u\n"
    )

    run, sub = work(text, numbers(1))

    assert run.ends(sub)[0].value == str(0o022)


def test_umask_of_an_instance_is_not_that_of_the_next(work):
    run, sub = work(HEAD + "    return os.umask(0o077)\n", numbers(3))

    assert [run.ends(sub)[n].value for n in range(3)] == [str(0o022)] * 3


CHANGES = {
    "set": ("ONE", "os.environ['ONE'] = 'other'"),
    "added": ("NEW", "os.environ['NEW'] = 'x'"),
    "taken away": ("ONE", "del os.environ['ONE']"),
    "cleared": ("ONE", "os.environ.clear()"),
    "as bytes": ("ONE", "os.environb[b'ONE'] = b'\\xff'"),
    "then failed": ("ONE", "os.environ['ONE'] = 'other'; 1 / 0"),
}


@pytest.mark.parametrize(("name", "deed"), CHANGES.values(), ids=CHANGES)
def test_environment_of_an_instance_is_not_that_of_the_next(work, name, deed):
    seen = f"repr(os.environ.get('{name}')), os.popen('echo ${name}').read()"
    head = "os.environ['ONE'] = '1'\n" + HEAD.replace("-> int", "-> tuple[str, str]")

    run, sub = work(f"{head}    seen = {seen}\n    if n == 1: {deed}\n    return seen\n", numbers(4))

    ends = run.ends(sub)
    assert ends[0].state == "succeeded"
    assert ends[0].value == ends[2].value == ends[3].value


@pytest.mark.parametrize("before", ["os.environ.pop('TZ', None)", "os.environ['TZ'] = 'XYZ+5'"])
def test_local_time_of_an_instance_is_not_that_of_the_next(work, before):
    deed = "os.environ['TZ'] = 'ABC-9'; time.tzset()"
    head = f"{before}; time.tzset()\n" + HEAD.replace("-> int", "-> str")

    run, sub = work(
        f"{head}    if n == 1: {deed}\n    return time.strftime('%H %Z', time.localtime(0))\n", numbers(3)
    )

    ends = run.ends(sub)
    assert ends[0].value == ends[2].value != ends[1].value


def test_environment_is_put_back_before_an_instance_is_tried_again(work):
    body = "    if 'NEW' in os.environ: return 1\n    os.environ['NEW'] = 'x'\n    raise ValueError\n"

    run, sub = work(HEAD + body, numbers(1), retries=1)

    assert run.ends(sub)[0].state == "failed"


def test_environment_of_this_process_is_put_back_after_each_instance(call):
    before = dict(os.environ)
    body = "    os.environ['NEW'] = f'{n}'; os.environ.pop('HOME')\n    if n == 1: raise ValueError\n    return n\n"

    run, sub = call(HEAD + body, numbers(3))

    assert states(run, sub) == {0: "succeeded", 1: "failed", 2: "succeeded"}
    assert dict(os.environ) == before


def test_function_runs_in_a_module_of_its_real_name(work):
    text = "@flow.array_job()\ndef task(n: int) -> str:\n    return f'{__name__} {__file__} {sys.argv}'\n"

    run, sub = work(text, numbers(1))

    assert run.ends(sub)[0].value == f"\"small_flow {run.file} ['{run.file}']\""


def test_log_is_private(work):
    run, sub = work(HEAD + "    return n\n", numbers(1))

    log = run.paths.element_log(os.path.basename(sub.directory), 0)
    assert os.stat(log).st_mode & 0o777 == 0o600


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_an_interpreter_that_a_task_starts_has_the_code_of_the_submit(work, tmp_path, monkeypatch, method):
    monkeypatch.syspath_prepend(tmp_path)
    text = f"""
def shifted(n):
    return n

{HEAD}    if n == 1:
        with open(__file__, "a") as file:
            file.write("def shifted(n): return n + 100")
    with __import__("multiprocessing").get_context("{method}").Pool(1) as pool:
        return pool.map(shifted, [n])[0]
"""
    run, sub = work(text, numbers(2))

    ends = run.ends(sub)
    assert [(end.value, end.unusable) for end in (ends[0], ends[1])] == [("0", ""), ("1", "")]
