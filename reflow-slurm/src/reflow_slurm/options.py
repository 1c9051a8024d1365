"""What a task asks for, as options of sbatch."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reflow.plugin import Resources

_WORD = r"[\w.,:=@%+*()\[\]/&|!-]+"  # compiled when first used, like the others
_OPTION = r"(--[a-z][a-z0-9-]*)(?:=([^\0\r\n]*))?"

_IS_REFLOWS = "it is how reflow finds and follows its jobs"
_IS_A_SETTING = "say it as a setting of the task: {}"
_REFUSED = {
    **dict.fromkeys(
        (
            *("--array", "--begin", "--chdir", "--clusters", "--comment", "--dependency", "--error"),
            *("--export", "--export-file", "--get-user-env", "--help", "--hold", "--input", "--job-name"),
            *("--kill-on-invalid-dep", "--open-mode", "--output", "--parsable", "--quiet", "--test-only"),
            *("--uid", "--gid", "--usage", "--version", "--wait", "--wrap"),
        ),
        _IS_REFLOWS,
    ),
    "--account": _IS_A_SETTING.format("account='...'"),
    "--cpus-per-task": _IS_A_SETTING.format("cpus=4"),
    "--mem": _IS_A_SETTING.format("mem='4G'"),
    "--no-requeue": "that is how reflow submits",
    "--nodes": _IS_A_SETTING.format("nodes=2"),
    "--ntasks": _IS_A_SETTING.format("ntasks=8"),
    "--partition": _IS_A_SETTING.format("partition='...'"),
    "--qos": _IS_A_SETTING.format("qos='...'"),
    "--requeue": _IS_A_SETTING.format("requeue=True"),
    "--time": _IS_A_SETTING.format("time='1:00:00'"),
}
_LONGER = ("--wait-all-nodes", "--mem-per-cpu", "--mem-per-gpu", "--mem-bind")  # no abbreviations of those


def option_problems(resources: Resources) -> list[str]:
    """Return what of the resources Slurm cannot be given, each in words with what to write instead."""
    places = {name: getattr(resources, name) for name in ("partition", "account", "qos")}
    return [
        *(_place_problem(name, value) for name, value in places.items() if not _is_word(value)),
        *filter(None, map(_option_problem, resources.submit_options)),
    ]


def _is_word(value: str | None) -> bool:
    return value is None or (bool(re.fullmatch(_WORD, value)) and not value.startswith("-"))


def _place_problem(name: str, value: object) -> str:
    return f"{name}={value!r} is no name of Slurm's; write the name alone, as sinfo or sacctmgr show it"


def _option_problem(option: str) -> str | None:
    parsed = re.fullmatch(_OPTION, option)
    if parsed is None:
        return (
            f"submit_options has {option!r}; write each option in its long form and as one text, "
            "such as '--constraint=skylake'"
        )
    refused = _refusal(parsed[1])
    return f"submit_options has {parsed[1]}, which is not passed on: {refused}" if refused else None


def _refusal(name: str) -> str | None:
    """Return why an option is not passed on; sbatch takes abbreviations too."""
    if name in _REFUSED or name in _LONGER:
        return _REFUSED.get(name)
    return next((reason for refused, reason in _REFUSED.items() if refused.startswith(name)), None)


def resource_options(resources: Resources) -> list[str]:
    """Return the options for what each element asks for; what is left open is left to the site."""
    return [
        f"--nodes={resources.nodes}",
        f"--ntasks={resources.ntasks}",
        f"--cpus-per-task={resources.cpus}",
        *_given("--mem", None if resources.mem_mib is None else f"{resources.mem_mib}M"),
        *_given("--time", None if resources.time_s is None else time_text(resources.time_s)),
        *_gpus(resources),
        *_given("--partition", resources.partition),
        *_given("--account", resources.account),
        *_given("--qos", resources.qos),
        "--requeue" if resources.requeue else "--no-requeue",
        *resources.submit_options,
    ]


def _given(option: str, value: str | None) -> Iterable[str]:
    return () if value is None else (f"{option}={value}",)


def _gpus(resources: Resources) -> Iterable[str]:
    if not resources.gpus:
        return ()
    # understood by every selection plugin, but counted per node
    return (f"--gres=gpu:{resources.gpus}" if resources.nodes == 1 else f"--gpus={resources.gpus}",)


def time_text(seconds: int) -> str:
    """Return a time limit in the one form that cannot be misread: ``days-hours:minutes:seconds``."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"{day}-{hour:02}:{minute:02}:{second:02}"
