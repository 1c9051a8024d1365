"""A plugin is loaded by its name alone, and what stands in the way is said in words."""

import sys

import pytest

from reflow.errors import PluginError
from reflow.registry.load import Wish, load_executor, load_store

FLUX = """
    class Flux:
        name = "flux"

    def reflow_executors():
        return [Flux]
"""


def test_a_store_is_found_by_the_scheme_of_its_addresses():
    store, module = load_store(Wish("store", "sqlite"))

    assert (store.name, module) == ("sqlite", "reflow_sqlite")


def test_an_executor_is_found_by_its_name(install):
    install("flux", FLUX)

    executor, module = load_executor(Wish("executor", "flux"))

    assert (executor.name, module) == ("flux", "own_flux")


def test_loading_one_plugin_imports_no_other(install):
    install("flux", FLUX)
    install("pbs", FLUX)

    load_executor(Wish("executor", "flux"))

    assert "own_pbs" not in sys.modules


def test_a_missing_executor_names_what_is_installed_and_what_to_type(install):
    install("flux", FLUX)

    with pytest.raises(PluginError) as refused:
        load_executor(Wish("executor", "slurmm", "reflow-slurm", ("inline",)))

    assert str(refused.value).startswith("no executor is called 'slurmm' (installed: flux, inline")
    assert str(refused.value).endswith("; try: pip install reflow-slurm")


def test_a_misspelt_executor_is_answered_with_the_one_that_was_meant(install):
    install("flux", FLUX)

    with pytest.raises(PluginError, match=r"did you mean 'flux'\?$"):
        load_executor(Wish("executor", "flx"))


def test_a_plugin_that_cannot_be_imported_is_named_with_its_package(install):
    install("flux", "import no_such_module\n")

    with pytest.raises(
        PluginError, match=r"'flux' of own-flux cannot be imported: ModuleNotFoundError: .*no_such_module"
    ):
        load_executor(Wish("executor", "flux"))


def test_a_broken_plugin_hurts_no_other(install):
    install("broken", "raise RuntimeError('boom')\n")
    install("flux", FLUX)

    assert load_executor(Wish("executor", "flux"))[1] == "own_flux"
    with pytest.raises(PluginError, match="installed: flux"):
        load_executor(Wish("executor", "other"))


def test_a_store_is_no_executor():
    with pytest.raises(PluginError, match="brings no executor of that name"):
        load_executor(Wish("executor", "sqlite"))
