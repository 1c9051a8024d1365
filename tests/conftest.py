"""What every test gets: a home, a configuration and a store of its own, and a guard around it."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "reflow", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.register_profile(
    "search", parent=settings.get_profile("reflow"), derandomize=False, max_examples=2000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "reflow"))

VERSIONS = ("3.10", "3.11", "3.12", "3.13")  #: of Python that are supported
_PYTESTS_OWN = "PYTEST_CURRENT_TEST"  # set and removed by pytest around each phase of a test

_numbers = itertools.count()


def pytest_configure() -> None:
    """Let Ctrl-C reach the processes that tests start: a shell in the background has its children ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the homes of all tests stand."""
    return tmp_path_factory.mktemp("homes")


def _own_environment(home: Path) -> dict[str, str]:
    """Return the environment of a test: nothing of the user's configuration reaches it, or is reached by it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REFLOW_", "SLURM_"))}
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_RUNTIME_DIR": str(home),
        "REFLOW_STORE": str(home / "store.db"),
    }


def _replace_environment(wanted: dict[str, str]) -> None:
    for name in os.environ.keys() - wanted.keys() - {_PYTESTS_OWN}:
        del os.environ[name]
    for name, value in wanted.items():
        if name != _PYTESTS_OWN and os.environ.get(name) != value:
            os.environ[name] = value


def _world() -> tuple[dict[str, str], str]:
    """Return what a test must leave as it was."""
    environment = dict(os.environ)
    environment.pop(_PYTESTS_OWN, None)
    return environment, os.getcwd()


def _difference(before: dict[str, str], after: dict[str, str]) -> str:
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return ", ".join(f"{name}: {before.get(name)!r} -> {after.get(name)!r}" for name in changed)


@pytest.fixture(autouse=True)
def own_world(homes: Path) -> Iterator[None]:
    """Give a test a world of its own, and fail it when it leaves environment or working directory changed.

    A run that was loaded in this process serves its copy of the source to it: with the test that is over.
    """
    outer_environment, outer_directory = _world()
    finders = list(sys.meta_path)
    home = homes / str(next(_numbers))
    home.mkdir(mode=0o700)
    _replace_environment(_own_environment(home))
    before, _ = _world()
    try:
        yield
        after, directory = _world()
    finally:
        _replace_environment(outer_environment)
        os.chdir(outer_directory)
        sys.meta_path[:] = finders
    if after != before:
        pytest.fail(f"the test left the environment changed: {_difference(before, after)}")
    if directory != outer_directory:
        pytest.fail(f"the test left the working directory changed: {directory}")


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], object]], None]:
    """Wait until something holds; fail when it does not in a minute: a machine may be slow, and busy."""

    def wait(holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60.0
        while not holds():
            assert time.monotonic() < deadline, "what was waited for did not happen"
            time.sleep(0.01)

    return wait


@pytest.fixture(scope="module", params=VERSIONS)
def interpreter(request: pytest.FixtureRequest) -> str:
    """A Python of each version that is supported; in CI none may be missing."""
    found = find_interpreter(request.param)
    if found is None:
        missing = f"no Python {request.param} under pyenv's versions or on PATH"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def find_interpreter(version: str) -> str | None:
    for candidate in _candidates(version):
        told = subprocess.run(
            [candidate, "-c", "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if told.stdout.strip() == version:
            return str(candidate)
    return None


def _candidates(version: str) -> Iterator[str | Path]:
    homes = [
        os.environ.get("PYENV_ROOT", ""),
        Path.home() / ".pyenv",
        Path(pwd.getpwuid(os.getuid()).pw_dir) / ".pyenv",
    ]
    for home in filter(None, homes):
        yield from sorted(Path(home).glob(f"versions/{version}*/bin/python"), reverse=True)
    if on_path := shutil.which(f"python{version}"):
        yield on_path
