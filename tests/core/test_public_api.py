"""The three façades hold these names and no others; a change here is a change that users notice."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

FLOW_AUTHORS = """
Flow Param ReflowError Result Run RunDir TaskInterrupted Workflow __version__ open_run
"""
PLUGIN_AUTHORS = """
Acceptance Adapter AttemptRow Changes CommandResult ConfigError Context EarlierResult ElementReport Event Executor
Fenced Figures FoundResult Holder InstanceRow InstanceState JobRequest JobState KeptFile Ledger Limits LockFile Maker
NamedTuple NewResult NotSubmitted OldResult OutOfReach OutputRow Overview PluginError ProcessId ReflowError
ResidentExecutor Resources Results RunEntry RunState Salvage SchedulerError StartedCommand Store StoreDamaged
StoreError StoreHalfWritten StoreTooNew StoredValue SubmissionRow SubmissionUnknown TaskInterrupted TaskRow TaskState
Unpublished Usage UsageError ValueMisfit Verdict Verifier hookimpl how_it_ended make_directory peak_mib read_bytes
remove_directory replace_file run_command start_command sync_directory take_stamp this_process write_new
"""
TEST_AUTHORS = """
ExecutorContract MemoryStore ResidentExecutorContract StoreContract StoreMachine VerifierContract
annotations_and_values tagged_values
"""
FACADES = {"reflow": FLOW_AUTHORS, "reflow.plugin": PLUGIN_AUTHORS, "reflow.testing": TEST_AUTHORS}


@pytest.mark.parametrize("facade", FACADES)
def test_a_facade_has_these_names(facade):
    assert set(import_module(facade).__all__) == set(FACADES[facade].split())


@pytest.mark.parametrize("facade", FACADES)
def test_every_name_is_there_and_is_listed(facade):
    module = import_module(facade)

    for name in module.__all__:
        assert getattr(module, name) is not None
    assert set(module.__all__) <= set(dir(module))


@pytest.mark.parametrize("facade", FACADES)
def test_what_type_checkers_see_is_what_is_there(facade):
    module = import_module(facade)
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    checked = next(
        node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
    )
    imports = [
        node for node in checked.body if isinstance(node, ast.ImportFrom) and node.module.startswith("reflow")
    ]

    for node in imports:
        for alias in node.names:
            assert getattr(import_module(node.module), alias.name) is getattr(module, alias.name)
    seen = {alias.name for node in imports for alias in node.names}
    assert seen == set(module.__all__) - {"hookimpl", "__version__"}


@pytest.mark.parametrize("facade", FACADES)
def test_a_name_that_is_not_there_is_an_ordinary_error(facade):
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        import_module(facade).nonsense  # noqa: B018


@pytest.mark.parametrize(
    ("facade", "module"),
    [
        ("reflow.plugin", "reflow.contracts.executor"),
        ("reflow.plugin", "subprocess"),
        ("reflow.plugin", "pluggy"),
        ("reflow.plugin", "json"),
        ("reflow.testing", "hypothesis"),
        ("reflow.testing", "reflow.worker"),
    ],
)
def test_a_facade_imports_nothing_before_it_is_used(facade, module):
    code = f"import sys, {facade}; sys.exit({module!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
