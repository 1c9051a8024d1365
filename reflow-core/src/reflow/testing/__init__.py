"""The façade for the tests of plugin authors: a contract class for each kind of plugin, fakes, strategies.

Needs the extra ``reflow-core[testing]``. A name is imported when it is first used, so that a test of a
store imports nothing of executors.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from reflow.testing.executor_contract import ExecutorContract, ResidentExecutorContract
    from reflow.testing.memory import MemoryStore
    from reflow.testing.store_contract import StoreContract
    from reflow.testing.store_machine import StoreMachine
    from reflow.testing.strategies import annotations_and_values, tagged_values
    from reflow.testing.verifier_contract import VerifierContract

_HOMES = {
    "ExecutorContract": "reflow.testing.executor_contract",
    "ResidentExecutorContract": "reflow.testing.executor_contract",
    "MemoryStore": "reflow.testing.memory",
    "StoreContract": "reflow.testing.store_contract",
    "StoreMachine": "reflow.testing.store_machine",
    "VerifierContract": "reflow.testing.verifier_contract",
    "annotations_and_values": "reflow.testing.strategies",
    "tagged_values": "reflow.testing.strategies",
}

_REWRITTEN = (
    *("executor_contract", "ledger_contract", "results_contract", "store_machine", "verifier_contract"),
    "writing_contract",
)
pytest.register_assert_rewrite(*(f"reflow.testing.{name}" for name in _REWRITTEN))


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'reflow.testing' has no attribute {name!r}")
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return list(__all__)


__all__ = [
    "ExecutorContract",
    "MemoryStore",
    "ResidentExecutorContract",
    "StoreContract",
    "StoreMachine",
    "VerifierContract",
    "annotations_and_values",
    "tagged_values",
]
