"""The executor and the store that a run works with, once they are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reflow.model.named_tuple import NamedTuple

if TYPE_CHECKING:
    from reflow.contracts.executor import Executor
    from reflow.contracts.store import Store


class Backends(NamedTuple):
    """What `reflow.compose` picked.

    Attributes:
        modules: The plugin modules in use, which a worker imports instead of scanning for plugins.
        why: Why this executor was chosen, in a few words.
    """

    executor: Executor
    store: Store
    modules: tuple[str, ...] = ()
    why: str = ""
