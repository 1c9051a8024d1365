"""Which verifiers reflow has itself."""

from __future__ import annotations

from reflow.builtin import checksum, files, size
from reflow.plugin import Verifier

MODULES = (files, size, checksum)  #: in the order in which they are asked, after all other plugins
DEFAULT = files.FilesVerifier.name  #: what checks the outputs of a task that says nothing

_OWN: dict[str, Verifier] = {module.reflow_verifier().name: module.reflow_verifier() for module in MODULES}
NAMES = tuple(sorted(_OWN))


def own_verifier(name: str) -> Verifier | None:
    """Return reflow's own verifier of a name, which needs the files of an output alone; None if it is none."""
    return _OWN.get(name or DEFAULT)
