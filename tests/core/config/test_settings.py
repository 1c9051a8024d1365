"""A setting comes from the first place that has it, and says which."""

import os
from pathlib import Path

import pytest

from reflow.config.keys import KEYS
from reflow.config.settings import executor_choice, load_settings
from reflow.errors import ConfigError


def configuration(tmp_path: Path, text: str) -> dict[str, str]:
    folder = tmp_path / "config" / "reflow"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(text)
    (folder / "config.toml").chmod(0o600)
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path)}


FILE = """
[executor]
partition = "compute"
mode = "sbatch"

[profile.big.executor]
partition = "large"
"""


def test_the_file_counts_when_nothing_else_is_said(tmp_path):
    environ = configuration(tmp_path, FILE)

    settings = load_settings(environ=environ)

    assert settings.get("executor.partition") == "compute"
    assert settings.origin("executor.partition") == f"{settings.path()}:3"


@pytest.mark.parametrize(
    ("profile", "given", "environ", "expected", "origin"),
    [
        (None, {}, {}, "compute", "config.toml:3"),
        ("big", {}, {}, "large", "config.toml:7"),
        (None, {}, {"REFLOW_PROFILE": "big"}, "large", "config.toml:7"),
        ("big", {}, {"REFLOW_PARTITION": "env"}, "env", "REFLOW_PARTITION"),
        ("big", {"executor.partition": "typed"}, {"REFLOW_PARTITION": "env"}, "typed", "the command line"),
    ],
)
def test_precedence_is_command_line_environment_profile_file(
    tmp_path, profile, given, environ, expected, origin
):
    environ = configuration(tmp_path, FILE) | environ

    settings = load_settings(profile, given, environ)

    assert settings.get("executor.partition") == expected
    assert settings.origin("executor.partition").endswith(origin)


def test_the_file_is_not_read_for_what_stands_before_it(tmp_path):
    environ = configuration(tmp_path, "this is no TOML") | {"REFLOW_ACCOUNT": "bm1159"}

    assert load_settings(environ=environ).get("executor.account") == "bm1159"


def test_a_setting_that_nobody_sets_has_its_default(tmp_path):
    settings = load_settings(environ={"HOME": str(tmp_path)})

    assert settings.lookup("dispatch.mode") == ("inline", "default")
    assert settings.lookup("executor.account") == (None, "default")


def test_every_setting_has_an_environment_variable_of_its_own():
    assert len({key.variable for key in KEYS.values()}) == len(KEYS)


def test_variables_and_home_are_expanded_in_paths(tmp_path):
    environ = configuration(tmp_path, '[defaults]\nrun_dir = "$SCRATCH/${PROJECT}/runs"\n')

    settings = load_settings(environ=environ | {"SCRATCH": "/scratch", "PROJECT": "p"})

    assert settings.get("defaults.run_dir") == "/scratch/p/runs"
    assert load_settings(given={"defaults.run_dir": "~/x"}).get("defaults.run_dir") == os.path.expanduser(
        "~/x"
    )


def test_an_unset_variable_in_a_path_is_named_with_file_and_line(tmp_path):
    environ = configuration(tmp_path, '[defaults]\nrun_dir = "$SCRATCH/runs"\n')

    with pytest.raises(ConfigError, match=r"config.toml:2: .*\$SCRATCH, which is not set"):
        load_settings(environ=environ).get("defaults.run_dir")


@pytest.mark.parametrize("key", ["defaults.run_dir", "store.url"])
def test_the_home_of_a_user_who_is_not_known_is_named(tmp_path, key):
    section, _, name = key.partition(".")
    environ = configuration(tmp_path, f'[{section}]\n{name} = "~no_such_user/x"\n')

    with pytest.raises(ConfigError, match=r"config.toml:2: .*'~no_such_user/x' names the home of a user"):
        load_settings(environ=environ).get(key)


def test_an_address_that_is_a_url_is_left_alone(tmp_path):
    environ = {"HOME": str(tmp_path), "REFLOW_STORE": "sqlite:///tmp/$X.db"}

    assert load_settings(environ=environ).get("store.url") == "sqlite:///tmp/$X.db"


@pytest.mark.parametrize(
    ("variable", "value", "what"),
    [
        ("REFLOW_WORKERS", "many", "'many' is no whole number from 1"),
        ("REFLOW_WORKERS", "0", "'0' is no whole number from 1"),
        ("REFLOW_DISPATCH_MODE", "loud", "one of: inline, watchdog, poke"),
        ("REFLOW_DISPATCH_TIME", "10x", "dispatch.time: time='10x' is no time limit; write minutes"),
        ("REFLOW_DISPATCH_MEM", "1.5G", "dispatch.mem: mem='1.5G' is no amount of memory"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_origin(tmp_path, variable, value, what):
    name = next(key.name for key in KEYS.values() if key.variable == variable)

    with pytest.raises(ConfigError, match=what) as refused:
        load_settings(environ={"HOME": str(tmp_path), variable: value}).get(name)

    assert str(refused.value).startswith(variable)


def test_an_unknown_profile_names_those_that_are_there(tmp_path):
    environ = configuration(tmp_path, FILE)

    with pytest.raises(ConfigError, match=r"no profile 'bg' in .* \(there: big\)"):
        load_settings("bg", environ=environ).get("executor.account")


@pytest.mark.parametrize(
    ("given", "environ", "expected"),
    [
        ({}, {}, ("slurm", False)),
        ({}, {"REFLOW_MODE": "dry-run"}, ("slurm", True)),
        ({}, {"REFLOW_MODE": "local"}, ("local", False)),
        ({}, {"REFLOW_MODE": "local", "REFLOW_EXECUTOR": "inline"}, ("inline", False)),
        ({"executor.name": "local"}, {"REFLOW_MODE": "dry-run"}, ("local", True)),
        ({"executor.name": "dry-run"}, {}, ("slurm", True)),
        ({"executor.name": "sbatch"}, {"REFLOW_EXECUTOR": "local"}, ("slurm", False)),
    ],
)
def test_mode_is_the_older_word_for_the_executor_and_can_be_dry_run(tmp_path, given, environ, expected):
    environ = configuration(tmp_path, FILE) | environ

    assert executor_choice(load_settings(given=given, environ=environ))[:2] == expected


def test_no_executor_is_chosen_where_none_is_named(tmp_path):
    assert executor_choice(load_settings(environ={"HOME": str(tmp_path)})) == (None, False, "default")


def test_a_profile_that_names_the_executor_by_the_older_word_wins_over_the_file(tmp_path):
    text = '[executor]\nname = "local"\n[profile.p.executor]\nmode = "sbatch"\n'
    environ = configuration(tmp_path, text)

    assert executor_choice(load_settings("p", environ=environ))[:2] == ("slurm", False)
    assert executor_choice(load_settings(environ=environ))[:2] == ("local", False)
