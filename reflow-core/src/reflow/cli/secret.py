"""Secret parameters: never in clear on a command line, which everybody on the machine can read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from reflow.errors import ParameterError
from reflow.graph.model import Parameter


def read_secret(
    parameter: Parameter,
    words: Sequence[str] | None,
    environ: Mapping[str, str],
    ask: Callable[[str], str] | None = None,
) -> str | None:
    """Return the text of a secret from a file, the environment or a person; None when it may be left out.

    Raises:
        ParameterError: It was typed in clear, its file cannot be read, or there is nobody to ask.
    """
    variable = f"REFLOW_PARAM_{parameter.key.upper()}"
    if words:
        return _from_file(parameter, words[-1], variable)
    if variable in environ:
        return environ[variable]
    if not parameter.required:
        return None
    if ask is None and not sys.stdin.isatty():
        raise ParameterError(
            f"{parameter.flag} is secret and there is nobody to ask; {_remedy(parameter, variable)}"
        )
    return (ask or _ask)(f"{parameter.name}: ")


def _from_file(parameter: Parameter, word: str, variable: str) -> str:
    if not word.startswith("@"):
        raise ParameterError(
            f"{parameter.flag} is secret, and others can read command lines; {_remedy(parameter, variable)}"
        )
    try:
        with open(word[1:], encoding="utf-8") as file:
            return file.read().rstrip("\r\n")
    except OSError as error:
        raise ParameterError(f"{parameter.flag} {word}: the file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ParameterError(f"{parameter.flag} {word}: the file is no text in UTF-8") from error


def _remedy(parameter: Parameter, variable: str) -> str:
    return f"give {parameter.flag} @FILE or set {variable}"


def _ask(prompt: str) -> str:
    import getpass

    return getpass.getpass(prompt)
