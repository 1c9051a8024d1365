"""A stand-in for Slurm's commands, for speed and for faults: ``standin.py COMMAND ARGUMENT...``.

It really runs the elements, in a process of its own per request. What it knows stands in the directory that
``STANDIN_SLURM`` names, which a test can read and write:

    config.json       settings: MaxArraySize, accounting (true or false), held (nothing starts), ...
    calls.jsonl       every call: command, arguments, standard input, environment
    faults/COMMAND    what the next calls do, a line each, see `_faulty`; the rest behave
    jobs/ID/          job.json, a file per element with its state, cancel marks, ``forgotten``
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import re
import signal
import subprocess
import sys
import time

ROOT = os.environ["STANDIN_SLURM"]
AT_ONCE = 8
LONGEST_S = 60.0


def main() -> int:
    command, *arguments = sys.argv[1:]
    script = sys.stdin.read() if command == "sbatch" else ""
    with open(f"{ROOT}/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _append("calls.jsonl", [command, arguments, script, dict(os.environ)])
        fault = _next_fault(command)
        if fault:
            return _faulty(command, fault, arguments, script)
        return COMMANDS[command](arguments, script)


def _append(name: str, value: object) -> None:
    with open(f"{ROOT}/{name}", "a") as file:
        file.write(json.dumps(value) + "\n")


def _next_fault(command: str) -> str:
    path = f"{ROOT}/faults/{command}"
    if not os.path.exists(path):
        return ""
    with open(path) as file:
        first, _, rest = file.read().partition("\n")
    with open(path, "w") as file:
        file.write(rest)
    return first


def _faulty(command: str, fault: str, arguments: list[str], script: str) -> int:
    """Do what a line of a fault file says.

    ``accept`` first does what was asked for, silently; then ``say TEXT`` prints it, ``err TEXT`` prints it on
    stderr, ``hang`` waits for ever, ``hang S`` so many seconds, ``exit N`` ends; several are joined by ``|``.
    """
    status = 0
    for step in fault.split("|"):
        word, _, text = step.strip().partition(" ")
        if word == "accept":
            with contextlib.redirect_stdout(io.StringIO() if "quietly" in text else sys.stdout):
                status = COMMANDS[command](arguments, script)
            sys.stdout.flush()
        elif word in ("say", "err"):
            stream = sys.stdout.buffer if word == "say" else sys.stderr.buffer
            stream.write(text.encode("latin-1").decode("unicode_escape").encode("latin-1") + b"\n")
            stream.flush()
        elif word == "hang":
            time.sleep(float(text or LONGEST_S))
        elif word == "exit":
            status = int(text)
    return status


# Jobs -----------------------------------------------------------------------------------------------------


def _config() -> dict:
    with open(f"{ROOT}/config.json") as file:
        return json.load(file)


def sbatch(arguments: list[str], script: str) -> int:
    options = dict(argument.lstrip("-").partition("=")[::2] for argument in arguments)
    low, _, rest = options["array"].partition("-")
    last, _, at_once = rest.partition("%")
    if int(last) >= _config()["MaxArraySize"]:
        print("sbatch: error: Batch job submission failed: Invalid job array specification", file=sys.stderr)
        return 1
    number = str(100 + len(os.listdir(f"{ROOT}/jobs")))
    folder = f"{ROOT}/jobs/{number}"
    os.mkdir(folder)
    begin = options.get("begin", "now+0").partition("+")[2]
    job = {
        "number": number,
        "name": options["job-name"],
        "comment": options["comment"],
        "elements": list(range(int(low), int(last) + 1)),
        "at_once": int(at_once or AT_ONCE),
        "output": options["output"],
        "cwd": options["chdir"],
        "begin": time.time() + int(begin),
        "after": options.get("dependency", "afterany").split(":")[1:],
        "script": script,
    }
    for element in job["elements"]:
        _put(folder, element, "PENDING", 0)
    with open(f"{folder}/job.json", "w") as file:
        json.dump(job, file)
    _detached(job)
    print(number)
    return 0


def _put(folder: str, element: int, state: str, code: int) -> None:
    with open(f"{folder}/.{element}", "w") as file:
        file.write(f"{state} {code}")
    os.rename(f"{folder}/.{element}", f"{folder}/{element}")


def _get(folder: str, element: int) -> tuple[str, int]:
    with open(f"{folder}/{element}") as file:
        state, _, code = file.read().partition(" ")
    return state, int(code)


def _detached(job: dict) -> None:
    """Run a job in a process of its own, which nobody waits for."""
    sys.stdout.flush()
    if os.fork():
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(3, 64)
    os.umask(int(os.environ.get("SLURM_UMASK", "022"), 8))
    if os.fork() == 0:
        try:
            _run(job)
        finally:
            os._exit(0)
    os._exit(0)


def _run(job: dict) -> None:
    folder = f"{ROOT}/jobs/{job['number']}"
    waiting, running = list(job["elements"]), {}
    deadline = time.time() + LONGEST_S
    while (waiting or running) and time.time() < deadline and os.path.isdir(folder):
        cancelled = _cancelled(folder, job["elements"])
        for element in [element for element in waiting if element in cancelled]:
            waiting.remove(element)
            _put(folder, element, "CANCELLED", 0)
        for element, process in list(running.items()):
            _look_after(folder, element, process, running, element in cancelled)
        while waiting and len(running) < job["at_once"] and _may_start(job):
            element = waiting.pop(0)
            _put(folder, element, "RUNNING", 0)
            running[element] = _start(job, element)
        time.sleep(0.01)
    for process in running.values():
        process.kill()


def _look_after(folder: str, element: int, process, running: dict, is_cancelled: bool) -> None:
    status = process.poll()
    if status is None and is_cancelled and not getattr(process, "told", False):
        process.told = True
        os.killpg(process.pid, signal.SIGTERM)
    elif status is not None:
        del running[element]
        code = status << 8 if status >= 0 else -status
        _put(folder, element, "CANCELLED" if is_cancelled else "FAILED" if code else "COMPLETED", code)


def _cancelled(folder: str, elements: list[int]) -> set[int]:
    if os.path.exists(f"{folder}/cancel"):
        return set(elements)
    return {int(name[7:]) for name in os.listdir(folder) if name.startswith("cancel.")}


def _may_start(job: dict) -> bool:
    if _config().get("held") or time.time() < job["begin"]:
        return False
    return all(
        _get(f"{ROOT}/jobs/{other}", element)[0] not in ("PENDING", "RUNNING")
        for other, _, one in (ahead.partition("_") for ahead in job["after"])
        for element in ([int(one)] if one else _elements(other))
    )


def _elements(number: str) -> list[int]:
    return sorted(int(name) for name in os.listdir(f"{ROOT}/jobs/{number}") if name.isdigit())


def _start(job: dict, element: int):
    log = job["output"].replace("%%", "\0").replace("%a", str(element)).replace("\0", "%")
    ids = {"SLURM_JOB_ID": _own_number(job["number"], element), "SLURM_ARRAY_JOB_ID": job["number"]}
    with open(log, "ab") as output:
        return subprocess.Popen(
            ["/bin/sh", "-c", job["script"]],
            cwd=job["cwd"] if os.path.isdir(job["cwd"]) else "/tmp",
            env={**os.environ, **ids, "SLURM_ARRAY_TASK_ID": str(element)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _own_number(number: str, element: int) -> str:
    """Return the number of an element by itself, as it knows it."""
    return str(int(number) * 1000 + element)


# Questions ------------------------------------------------------------------------------------------------


def _known() -> list[dict]:
    found = []
    for number in sorted(os.listdir(f"{ROOT}/jobs"), key=int):
        if not os.path.exists(f"{ROOT}/jobs/{number}/forgotten"):
            with open(f"{ROOT}/jobs/{number}/job.json") as file:
                found.append(json.load(file))
    return found


def squeue(arguments: list[str], script: str) -> int:
    wanted = arguments[arguments.index("-j") + 1] if "-j" in arguments else ""
    listed = [(job, element) for job in _known() for element in _elements(job["number"])]
    if wanted and wanted not in {_own_number(job["number"], element) for job, element in listed}:
        print("slurm_load_jobs error: Invalid job id specified", file=sys.stderr)
        return 1
    for job, element in listed:
        folder = f"{ROOT}/jobs/{job['number']}"
        if wanted in ("", _own_number(job["number"], element)):
            state, code = _get(folder, element)
            if "-o" in arguments:
                reason = "NonZeroExitCode" if state == "FAILED" else "None"
                fields = {"F": job["number"], "K": element, "T": state, "r": reason}
                fields |= {"N": "", "j": job["name"], "k": job["comment"]}
                form = arguments[arguments.index("-o") + 1]
                print(re.sub("%(.)", lambda found, fields=fields: str(fields[found[1]]), form))
            elif state == "FAILED":
                print(f"{job['number']:20}{element:<20}{code:<20}")
    return 0


def sacct(arguments: list[str], script: str) -> int:
    if not _config()["accounting"]:
        print("Slurm accounting storage is disabled", file=sys.stderr)
        return 1
    for number in sorted(os.listdir(f"{ROOT}/jobs"), key=int):
        with open(f"{ROOT}/jobs/{number}/job.json") as file:
            job = json.load(file)
        for element in _elements(number):
            state, code = _get(f"{ROOT}/jobs/{number}", element)
            exit_code = f"{code >> 8}:{code & 127}"
            print("\x1f".join([f"{number}_{element}", state, exit_code, "n1", job["name"]]))
    return 0


def scancel(arguments: list[str], script: str) -> int:
    for address in arguments:
        number, _, element = address.partition("_")
        if os.path.isdir(f"{ROOT}/jobs/{number}"):
            open(f"{ROOT}/jobs/{number}/cancel{'.' + element if element else ''}", "w").close()
    return 0


def scontrol(arguments: list[str], script: str) -> int:
    for name, value in {"ClusterName": "standin", **_config()}.items():
        print(f"{name:23} = {value}")
    return 0


COMMANDS = {"sbatch": sbatch, "squeue": squeue, "sacct": sacct, "scancel": scancel, "scontrol": scontrol}

if __name__ == "__main__":
    sys.exit(main())
