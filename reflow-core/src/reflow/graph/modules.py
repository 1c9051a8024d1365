"""The modules of the project: their text, parsed once, and the names that they see."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from functools import cached_property
from types import ModuleType
from typing import Any

from reflow.filesystem.project import STDLIB, is_project_file
from reflow.graph.free_names import imports_of
from reflow.graph.parsed import IMPORTS, Parsed
from reflow.graph.source import source_text
from reflow.graph.unloaded import absolute, find_unloaded, modules_in
from reflow.values.names import main_name

_FEW = 10
_ODD = (
    b"import\t",
    b"import  ",
    b"from\t",
    b"from  ",
    b"\\\n",
    b"\\\r",
)  #: ways to write an import that few use

#: what may call something, or set a part of it; these are compiled when they are first used
_CALLING = (
    rb"(?m)^[^\W\d][\w.]*[\[(]|^\w+\.[\w.]+ *=|^\w+ *=.*\(|^(?:@|(?:if|for|while|with|try|match|assert)\b)"
)
_SETTING = (
    rb"(?m)^[ \t]*(?!self\.|cls\.)\w+\.[\w.]+(?:\[.*\])? *[-+*/|&^]?=(?!=)|\b(?:set|del)attr\(|__builtins__"
)

_PARSED: dict[str, Parsed] = {}


class Module:
    """One file of the project, with the names that it sees.

    Attributes:
        name: What it could be imported as, also when it runs as ``__main__``.
        package: What its relative imports start from.
        namespace: Its globals as they are now.
    """

    def __init__(self, file: str, namespace: dict[str, Any]) -> None:
        name = str(namespace.get("__name__", ""))
        self.file = file
        self.name = main_name() if name == "__main__" else name
        self.package = str(namespace.get("__package__") or "")
        self.namespace = namespace
        self._text = source_text(file, namespace)

    @property
    def raw(self) -> bytes:
        """Its text, to look for words in."""
        return self._text if isinstance(self._text, bytes) else self._text.encode()

    @cached_property
    def parsed(self) -> Parsed:
        """Its text, parsed once in a process as long as it stays the same."""
        known = _PARSED.get(self.file)
        if known is None or known.text != self._text:
            known = _PARSED[self.file] = Parsed(self._text)
        return known

    def may_import(self, tops: Collection[str]) -> bool:
        """Whether it may import a package or module of these names; a look at its text is faster than to parse it."""
        text = self.raw
        if self.package and text.count(b"from .") > text.count(b'"from .') + text.count(b"'from ."):
            return True
        if b"sys.modules" in text or _uses_what_it_imports(text):
            return True
        return any(odd in text for odd in _ODD) or any(
            word + top.encode() in text for top in tops for word in (b"import ", b"from ", b", ", b",")
        )

    @cached_property
    def may_call(self) -> bool:
        """Whether a statement of its own may call something or set a part of it; a look at its text is faster."""
        return re.search(_CALLING, self.raw) is not None

    @cached_property
    def may_set(self) -> bool:
        """Whether it may set an attribute of anything but its own objects."""
        return re.search(_SETTING, self.raw) is not None

    def absolute(self, name: str, level: int) -> str:
        """Return the name of a module that this one imports.

        Args:
            level: How many dots stand before it.
        """
        return absolute(self.package, name, level)

    def imported(self) -> list[str]:
        """Return all that may be a module in what this one imports when it is loaded."""
        bound = [leaf for bindings in self.parsed.bindings.values() for leaf, _ in bindings]
        stars = [leaf for leaf, _ in self.parsed.stars]
        imports = [leaf for leaf in (*bound, *stars) if isinstance(leaf, IMPORTS)]
        return [name for leaf in imports for name in modules_in(leaf, self.package)]

    @property
    def short_name(self) -> str:
        """Its name without the packages that it is in, which may be moved."""
        return self.name.rpartition(".")[2]

    @property
    def is_cell(self) -> bool:
        """Whether it is a cell of a notebook, or what was typed at a prompt."""
        return "__file__" not in self.namespace


class Modules:
    """The modules of the project, each looked at once."""

    def __init__(self) -> None:
        self._modules: dict[str, Module] = {}
        self._named: dict[str, Module | None] = {}

    def named(self, name: str) -> Module | None:
        """Return a module of the project, also one that is not loaded yet; None for any other.

        None too for one that is compiled, or not there.
        """
        if name not in self._named:
            self._named[name] = self._look_up(name)
        return self._named[name]

    def _look_up(self, name: str) -> Module | None:
        module = sys.modules.get(name)
        if module is None:
            found = find_unloaded(name)
            if found is None or found.file is None or not found.file.endswith(".py"):
                return None
            said = {"__name__": name, "__file__": found.file, "__package__": found.package}
            return self._of(found.file, said)
        file = getattr(module, "__file__", None)
        if (
            not file
            or not file.endswith(".py")
            or is_foreign(name, file)
            or not isinstance(module, ModuleType)
        ):
            return None
        return self._of(file, module.__dict__)

    def loaded(self) -> Iterator[Module]:
        """Yield the modules of the project that are loaded."""
        for name, loaded in list(sys.modules.items()):
            if (
                (file := _file_of(loaded))
                and not file.startswith(STDLIB)
                and (module := self.named(name)) is not None
            ):
                yield module

    def below(self, name: str, attribute: str) -> str:
        """Return the name of the module that an attribute of another one is, empty when it is none.

        A package that says ``from . import config`` gives that name to the module itself.
        """
        module = self.named(name)
        found = f"{name}.{attribute}"
        for leaf, _ in module.parsed.bindings.get(attribute, ()) if module is not None else ():
            if not isinstance(leaf, IMPORTS):
                return ""
            target = imports_of(leaf)[attribute]
            if (
                target.name != attribute
                or module is None
                or module.absolute(target.module, target.level) != name
            ):
                return ""
        return found if found in sys.modules or find_unloaded(found) is not None else ""

    def importing(self) -> list[Module]:
        """Return the loaded modules of the project that may import others of it."""
        found = {module: module.name.partition(".")[0] for module in self.loaded()}
        tops = set(found.values())
        if len(tops) > _FEW:  # modules side by side, most of which import one another
            return list(found)
        return [
            module
            for module, own in found.items()
            if module.may_import(tops - {own} if own == module.name else tops)
        ]

    def calling(self, package: str, but: Collection[Module]) -> list[Module]:
        """Return the loaded modules of the project that may use a package, and call something while they are loaded."""
        found = dict.fromkeys(self.loaded())
        return [one for one in found if one not in but and one.may_call and one.may_import({package})]

    def setting(self, package: str, but: Collection[Module]) -> list[Module]:
        """Return the loaded modules of the project that may set an attribute of a package."""
        word = package.encode()
        found = dict.fromkeys(self.loaded())
        return [one for one in found if one not in but and word in one.raw and one.may_set]

    def of_function(self, function: Any) -> Module:
        """Return the module that a function stands in, be it a wrapper or not; for one of a notebook, its cell."""
        return self._of(function.__code__.co_filename, function.__globals__)

    def _of(self, file: str, namespace: dict[str, Any]) -> Module:
        module = self._modules.get(file)
        if module is None:
            module = self._modules[file] = Module(file, namespace)
        return module


def is_foreign(name: str, file: str) -> bool:
    """Whether a module is none of the project: of Python, installed, or of reflow itself."""
    return name.partition(".")[0] == "reflow" or not is_project_file(file)


def is_of_reflow(value: object) -> bool:
    """Whether a value was made by a class of reflow, such as a flow."""
    return type(value).__module__.partition(".")[0] == "reflow"


def _uses_what_it_imports(text: bytes) -> bool:
    """Whether it may give a name to a module that it imports by a text, or use it at once."""
    for way in (b"import_module(", b"__import__("):
        for line in text.splitlines() if way in text else ():
            before, found, behind = line.partition(way)
            if found and (b"=" in before or b")." in behind):
                return True
    return False


def _file_of(loaded: object) -> str:
    """Return the file of a module; anything may stand among those that are loaded, and answer as it likes."""
    file = loaded.__dict__.get("__file__") if isinstance(loaded, ModuleType) else None
    return file if isinstance(file, str) else ""
