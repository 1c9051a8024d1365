"""Secret parameters: known by an HMAC, kept in one file of the run that only its user can read."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from typing import Any

from reflow.filesystem.files import make_directory, read_bytes, replace_file, write_new
from reflow.rundir.layout import RunPaths
from reflow.values.digests import canonical


def masked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands for secret values everywhere but in the run's own file: their HMACs."""
    if not values:
        return {}
    import hmac

    key = _key()
    return {
        name: {"$secret": hmac.new(key, canonical(value).encode(), "sha256").hexdigest()}
        for name, value in values.items()
    }


def write_secrets(paths: RunPaths, values: Mapping[str, Any]) -> None:
    """Keep the tagged values of secret parameters for the workers of a run."""
    if values:
        replace_file(paths.secrets, json.dumps(values).encode())


def _key() -> bytes:
    """Return the user's own key, made when it is first needed."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    path = os.path.join(home, "reflow", "secret.key")
    make_directory(os.path.dirname(path))
    with contextlib.suppress(FileExistsError):
        write_new(path, [os.urandom(32)])
    return read_bytes(path)
