"""Settings, each from the first place that has it: command line, environment, file, default."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from reflow.config.keys import KEYS, PROFILE_VARIABLE, Key
from reflow.errors import ConfigError, DefinitionError
from reflow.model.resources import parse_mem, parse_time

if TYPE_CHECKING:
    from reflow.config.file import ConfigFile, Entry

Value = str | int | None

TYPED = "the command line"  #: where a value comes from that was typed


class Settings:
    """The settings of one command. The file is read when a value is asked for that stands nowhere before it.

    Args:
        profile: The profile to lay over the file, else what ``REFLOW_PROFILE`` says.
        given: What the command line says, by name of the setting; None says nothing.
        environ: The environment.
    """

    def __init__(self, profile: str | None, given: Mapping[str, Value], environ: Mapping[str, str]) -> None:
        self.profile = profile or environ.get(PROFILE_VARIABLE) or None
        self.is_profile_typed = bool(profile)  #: the next command finds that of the environment by itself
        self._given = given
        self._environ = environ
        self._file: ConfigFile | None = None

    def get(self, name: str) -> Value:
        """Return the value of a setting, checked and with its paths expanded.

        Raises:
            ConfigError: The file is broken, or the value is none that the setting can have.
        """
        return self.lookup(name)[0]

    def text(self, name: str) -> str | None:
        """Return the value of a setting as text."""
        value = self.get(name)
        return None if value is None else str(value)

    def origin(self, name: str) -> str:
        """Return where the value of a setting comes from, in words."""
        return self.lookup(name)[1]

    def lookup(self, name: str) -> tuple[Value, str]:
        """Return the value of a setting and where it comes from."""
        return next(self.candidates(name), (KEYS[name].default, "default"))

    def candidates(self, *names: str) -> Iterator[tuple[Value, str]]:
        """Return every value that is set for these settings and where, the one that counts first."""
        keys = [KEYS[name] for name in names]
        for key in keys:
            if self._given.get(key.name) is not None:
                yield self._checked(key, self._given[key.name], TYPED)
        for key in keys:
            if self._environ.get(key.variable):
                yield self._checked(key, self._environ[key.variable], key.variable)
        for table in self._tables():
            for key in keys:
                if entry := table.get(key.name):
                    yield self._checked(key, entry.value, entry.origin)

    def warnings(self) -> tuple[str, ...]:
        """Return a line for each unknown key of the file; reads it only if that was needed already."""
        return self._file.warnings if self._file else ()

    def path(self) -> str:
        """Return where the configuration file is, whether it is there or not."""
        from reflow.config.file import config_path

        return config_path(self._environ)

    def _tables(self) -> Iterator[Mapping[str, Entry]]:
        """Return what the file says, the profile before what it lies over; read when the first is asked for."""
        if self._file is None:
            from reflow.config.file import read_config

            self._file = read_config(self.path())
            self._check_profile(self._file)
        if self.profile:
            yield self._file.profiles[self.profile]
        yield self._file.entries

    def _check_profile(self, file: ConfigFile) -> None:
        if self.profile and self.profile not in file.profiles:
            known = ", ".join(file.profiles) or "none"
            raise ConfigError(f"no profile {self.profile!r} in {self.path()} (there: {known})")

    def _checked(self, key: Key, value: object, origin: str) -> tuple[Value, str]:
        try:
            checked: Value = _CHECKS[key.kind](key, value, self._environ)
            return checked, origin
        except ValueError as error:
            raise ConfigError(f"{origin}: {key.name} = {value!r} {error}") from None
        except DefinitionError as error:
            raise ConfigError(f"{origin}: {key.name}: {error}") from None


def load_settings(
    profile: str | None = None,
    given: Mapping[str, Value] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings of this process; nothing is read before it is asked for."""
    return Settings(profile, given or {}, os.environ if environ is None else environ)


def _text(key: Key, value: object, environ: Mapping[str, str]) -> str:
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return str(value)
    raise ValueError("is no text; write it in quotes")


def _count(key: Key, value: object, environ: Mapping[str, str]) -> int:
    if isinstance(value, bool) or not str(value).isdecimal() or int(str(value)) < 1:
        raise ValueError("is no whole number from 1")
    return int(str(value))


def _words(key: Key, value: object, environ: Mapping[str, str]) -> str:
    if value not in key.words:
        raise ValueError(f"must be one of: {', '.join(key.words)}")
    return str(value)


def _path(key: Key, value: object, environ: Mapping[str, str]) -> str:
    if not isinstance(value, str):
        raise ValueError("is no path; write it in quotes")

    def replace(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name not in environ:
            raise ValueError(f"names ${name}, which is not set")
        return environ[name]

    path = os.path.expanduser(re.sub(r"\$(?:(\w+)|\{(\w+)\})", replace, value))
    if path.startswith("~"):
        raise ValueError(
            f"names the home of a user who is not known here; for a file of that name: './{path}'"
        )
    return path


def _asked(parse: Callable[[str], int]) -> Callable[[Key, object, Mapping[str, str]], str]:
    """Return the check of a text that a task can ask for; it is kept as it was written."""

    def check(key: Key, value: object, environ: Mapping[str, str]) -> str:
        text = _text(key, value, environ)
        parse(text)
        return text

    return check


def _address(key: Key, value: object, environ: Mapping[str, str]) -> str:
    return str(value) if "://" in str(value) else _path(key, value, environ)


_CHECKS: dict[str, Callable[[Key, object, Mapping[str, str]], Value]] = {
    "text": _text,
    "count": _count,
    "words": _words,
    "path": _path,
    "time": _asked(parse_time),
    "mem": _asked(parse_mem),
    "address": _address,
}


def executor_choice(settings: Settings) -> tuple[str | None, bool, str]:
    """Return which executor is named (None: whichever is there), whether to try dry, and where that stands.

    ``executor.mode`` is the older word for ``executor.name``. ``dry-run`` in either is a dry run of what the
    other, or the next place that names one, says.
    """
    from reflow.config.known_plugins import DRY_RUN, plugin_name

    words = ("executor.name", "executor.mode")
    dry_run = any(plugin_name(settings.text(word) or "") == DRY_RUN for word in words)
    for value, origin in settings.candidates(*words):
        if (name := plugin_name(str(value))) != DRY_RUN:
            return name, dry_run, origin
    return None, dry_run, "default"
