"""Finding plugins by reading what is installed, without importlib.metadata, which takes longer than a command may."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache

from reflow.errors import PluginError
from reflow.model.named_tuple import NamedTuple

GROUP = "reflow"
_INFO = (".dist-info", ".egg-info")


class FoundPlugin(NamedTuple):
    """An entry point of the group ``reflow``.

    Attributes:
        name: What users write: the name of an executor, the scheme of a store's address.
        module: The module that implements hooks.
        distribution: The package that brings it, with its version.
    """

    name: str
    module: str
    distribution: str
    version: str


def find_plugins(path: Sequence[str] | None = None) -> list[FoundPlugin]:
    """Return every plugin that is installed on ``path`` (default: ``sys.path``), by name.

    Of a distribution that is installed in several places the first counts, as for imports. Entry points of
    one name and one module, from whatever distributions, are one plugin.
    """
    folders = [folder or os.curdir for folder in dict.fromkeys(sys.path if path is None else path)]
    return list(_scanned(tuple((folder, _changed(folder)) for folder in folders)))


@cache
def _scanned(folders: tuple[tuple[str, int], ...]) -> tuple[FoundPlugin, ...]:
    """Scan folders that were last changed at these times; a command asks more than once."""
    found: dict[tuple[str, str], FoundPlugin] = {}
    seen: set[str] = set()
    for folder, _ in folders:
        for info in _infos(folder):
            distribution, version = _name_and_version(os.path.basename(info))
            normalised = _normalised(distribution)
            if normalised not in seen:
                seen.add(normalised)
                for name, module in _entry_points(info):
                    found.setdefault((name, module), FoundPlugin(name, module, distribution, version))
    return tuple(sorted(found.values()))


def _changed(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def find_plugin(name: str, path: Sequence[str] | None = None) -> FoundPlugin | None:
    """Return the plugin of a name, or None.

    Raises:
        PluginError: Two distributions bring one, in different modules.
    """
    found = [plugin for plugin in find_plugins(path) if plugin.name == name]
    if len(found) > 1:
        raise PluginError(two_of_one_name(found))
    return found[0] if found else None


def two_of_one_name(plugins: Sequence[FoundPlugin]) -> str:
    """Return in words that several distributions bring a plugin of the same name."""
    which = " and ".join(f"{p.distribution} ({p.module})" for p in plugins)
    return f"two plugins are called {plugins[0].name!r}: {which}; uninstall one of them"


def _infos(folder: str) -> Iterator[str]:
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in sorted(names):
        if name.endswith(_INFO):
            yield os.path.join(folder, name)


def _name_and_version(info: str) -> tuple[str, str]:
    stem = re.sub(r"-py\d[\d.]*$", "", os.path.splitext(info)[0])
    name, dash, version = stem.rpartition("-")
    return (name.replace("_", "-"), version) if dash else (stem.replace("_", "-"), "")


def _entry_points(info: str) -> Iterator[tuple[str, str]]:
    text = _read(os.path.join(info, "entry_points.txt"))
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == GROUP and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield name.strip(), value.partition("[")[0].strip()


def _read(path: str) -> str:
    """Return a file that names plugins of reflow, else an empty text; this is called for all that is installed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        content = b"".join(iter(lambda: os.read(descriptor, 65536), b""))
        return content.decode() if GROUP.encode() in content else ""
    except (OSError, UnicodeDecodeError):
        return ""
    finally:
        os.close(descriptor)


def installed_version(distribution: str, path: Sequence[str] | None = None) -> str | None:
    """Return the version of a distribution that is installed on ``path``, or None."""
    wanted = _normalised(distribution)
    for folder in dict.fromkeys(sys.path if path is None else path):
        for info in _infos(folder or os.curdir):
            name, version = _name_and_version(os.path.basename(info))
            if _normalised(name) == wanted:
                return version
    return None


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
