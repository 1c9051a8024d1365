"""Plugins are found by what is installed, whatever installed it."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from reflow.cli.main import reflow_main
from reflow.errors import PluginError
from reflow.registry.scan import find_plugin, find_plugins, installed_version


def install(
    folder: Path, distribution: str, entry_text: str, version: str = "1.0", suffix: str = "dist-info"
) -> None:
    info = folder / f"{distribution}-{version}.{suffix}"
    info.mkdir(parents=True)
    (info / "entry_points.txt").write_text(entry_text)


def test_an_entry_point_of_the_group_is_a_plugin(tmp_path):
    install(
        tmp_path,
        "reflow_flux",
        "[console_scripts]\nflux = x:y\n\n[reflow]\nflux = reflow_flux\n# no = thing\n",
    )

    (plugin,) = find_plugins([str(tmp_path)])

    assert plugin == ("flux", "reflow_flux", "reflow-flux", "1.0")


@pytest.mark.parametrize("suffix", ["dist-info", "egg-info"])
def test_what_an_older_installer_left_is_found_too(tmp_path, suffix):
    install(tmp_path, "reflow_flux", "[reflow]\nflux = reflow_flux\n", suffix=suffix)

    assert find_plugin("flux", [str(tmp_path)]) is not None


def test_a_plugin_that_nobody_installed_is_not_found(tmp_path):
    assert find_plugin("flux", [str(tmp_path), str(tmp_path / "none")]) is None


def test_two_of_one_name_are_an_error_that_names_both_distributions(tmp_path):
    install(tmp_path, "one", "[reflow]\nflux = one_flux\n")
    install(tmp_path, "two", "[reflow]\nflux = two_flux\n")

    with pytest.raises(PluginError, match=r"'flux': one \(one_flux\) and two \(two_flux\); uninstall one"):
        find_plugin("flux", [str(tmp_path)])


def test_two_distributions_that_name_the_same_module_are_one_plugin(tmp_path):
    install(tmp_path, "one", "[reflow]\nflux = flux\n")
    install(tmp_path, "two", "[reflow]\nflux = flux\n")

    assert find_plugin("flux", [str(tmp_path)]) is not None


def test_of_a_distribution_in_two_places_the_first_counts(tmp_path):
    install(tmp_path / "user", "Reflow_Flux", "[reflow]\nflux = new\n", "2.0")
    install(tmp_path / "system", "reflow-flux", "[reflow]\nflux = old\n", "1.0")
    path = [str(tmp_path / "user"), str(tmp_path / "system")]

    (plugin,) = find_plugins(path)

    assert (plugin.module, plugin.version) == ("new", "2.0")
    assert installed_version("reflow.flux", path) == "2.0"


def test_unreadable_metadata_hurts_nobody_else(tmp_path):
    install(tmp_path, "good", "[reflow]\ngood = good\n")
    (tmp_path / "bad-1.0.dist-info").mkdir()
    (tmp_path / "bad-1.0.dist-info" / "entry_points.txt").write_bytes(b"\xff[reflow]\nbad = bad\n")

    assert [plugin.name for plugin in find_plugins([str(tmp_path)])] == ["good"]


def test_it_finds_what_importlib_finds():
    theirs = {(point.name, point.value) for point in entry_points(group="reflow")}

    assert {(plugin.name, plugin.module) for plugin in find_plugins()} == theirs


def test_a_distribution_that_is_not_installed_has_no_version(tmp_path):
    assert installed_version("reflow-hpc", [str(tmp_path)]) is None


def test_plugins_warns_of_a_package_of_the_same_import_name(tmp_path, monkeypatch, capsys):
    (tmp_path / "reflow_hpc-0.3.dist-info").mkdir()
    (tmp_path / "reflow_hpc-0.3.dist-info" / "METADATA").write_text("Name: reflow-hpc\nVersion: 0.3\n")
    assert reflow_main(["plugins"]) == 0
    assert "reflow-hpc" not in capsys.readouterr().err

    monkeypatch.syspath_prepend(str(tmp_path))
    assert reflow_main(["plugins"]) == 0
    assert "reflow-hpc is installed too, and has the same import name" in capsys.readouterr().err
