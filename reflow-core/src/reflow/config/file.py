"""Reading the configuration file."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from reflow.config.keys import KEYS, meant_by
from reflow.errors import ConfigError
from reflow.model.named_tuple import NamedTuple

PROFILE = "profile"


class Entry(NamedTuple):
    """One value as it stands in the file, and where."""

    value: object
    origin: str


class ConfigFile(NamedTuple):
    """What a configuration file says.

    Attributes:
        entries: The settings outside any profile, by name.
        profiles: The settings of each profile.
        warnings: A line for each key that nobody knows.
    """

    entries: Mapping[str, Entry]
    profiles: Mapping[str, Mapping[str, Entry]]
    warnings: tuple[str, ...] = ()


def config_path(environ: Mapping[str, str]) -> str:
    """Return where the user's configuration file is, whether it is there or not."""
    home = environ.get("XDG_CONFIG_HOME") or os.path.join(
        environ.get("HOME") or os.path.expanduser("~"), ".config"
    )
    return os.path.join(home, "reflow", "config.toml")


def read_config(path: str) -> ConfigFile:
    """Return what the file at ``path`` says; a file that is not there says nothing.

    Raises:
        ConfigError: It is no TOML, cannot be read, or others can write it.
    """
    text = _read_text(path)
    if text is None:
        return ConfigFile({}, {})
    document = _parse(path, text)
    tables = document.pop(PROFILE, {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ConfigError(
            f"{path}:{_line_of(text, PROFILE)}: write a profile as a table: [profile.NAME.executor]"
        )
    warnings: list[str] = []
    entries = _entries(path, text, document, "", warnings)
    profiles = {
        name: _entries(path, text, table, f"{PROFILE}.{name}.", warnings) for name, table in tables.items()
    }
    return ConfigFile(entries, profiles, tuple(warnings))


def _read_text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            found = os.fstat(file.fileno())
            if found.st_mode & 0o022 or found.st_uid not in (os.geteuid(), 0):
                raise ConfigError(f"{path} is not read, since others can write it; type: chmod go-w {path}")
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text in UTF-8: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


def _parse(path: str, text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]
    try:
        document: dict[str, Any] = tomllib.loads(text)
        return document
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line = found[1] if found else text.count("\n") + 1
        what = str(error).partition(" (at ")[0]
        raise ConfigError(
            f'{path}:{line}: {what}; this file must be TOML, such as: partition = "compute"'
        ) from error


def _entries(
    path: str, text: str, tables: dict[str, Any], prefix: str, warnings: list[str]
) -> dict[str, Entry]:
    entries = {}
    for name, value in _flat(tables):
        line = _line_of(text, prefix + name)
        if name in KEYS:
            entries[name] = Entry(value, f"{path}:{line}")
        else:
            warnings.append(f"{path}:{line}: unknown key {prefix + name!r}{meant_by(name)}")
    return entries


def _flat(tables: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in tables.items():
        if isinstance(value, dict) and prefix + name not in KEYS:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _line_of(text: str, name: str) -> int:
    """Return the line that sets a dotted name, or the nearest one above it that is there."""
    table, nearest = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            table = stripped.strip("[] \t").replace('"', "").replace(" ", "")
            nearest = number if name.startswith(table) else nearest
        elif "=" in stripped and not stripped.startswith("#"):
            key = stripped.partition("=")[0].strip().replace('"', "").replace(" ", "")
            if name == (f"{table}.{key}" if table else key):
                return number
    return nearest
