"""The configuration file is read as it stands, or refused with the line that is wrong."""

from pathlib import Path

import pytest

from reflow.config.file import config_path, read_config
from reflow.errors import ConfigError


def written(tmp_path: Path, text: str, mode: int = 0o600) -> str:
    path = tmp_path / "config.toml"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_a_file_that_is_not_there_says_nothing(tmp_path):
    assert read_config(str(tmp_path / "none" / "config.toml")).entries == {}


def test_a_key_may_be_written_in_a_table_or_with_dots(tmp_path):
    one = read_config(written(tmp_path, '[executor]\npartition = "a"\n')).entries
    two = read_config(written(tmp_path, 'executor.partition = "a"\n')).entries

    assert one["executor.partition"].value == two["executor.partition"].value == "a"


def test_a_broken_file_is_named_with_its_line(tmp_path):
    path = written(tmp_path, "[executor]\npartition = compute\n")

    with pytest.raises(ConfigError) as refused:
        read_config(path)

    assert str(refused.value).startswith(f"{path}:2: ")
    assert "\n" not in str(refused.value)


def test_an_unfinished_file_is_named_with_its_last_line(tmp_path):
    path = written(tmp_path, '[executor]\npartition = "comp')

    with pytest.raises(ConfigError, match=rf"^{path}:2: "):
        read_config(path)


def test_an_unknown_key_is_a_warning_with_a_suggestion(tmp_path):
    path = written(tmp_path, '[executor]\n# partition\npartitoin = "compute"\n')

    (warning,) = read_config(path).warnings

    assert warning == f"{path}:3: unknown key 'executor.partitoin'; did you mean 'executor.partition'?"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('[executr]\nname = "x"', "; did you mean 'executor.name'?"),
        ('[executr]\nnmae = "x"', "; did you mean 'executor.name'?"),
        ("[executr]\nx = 1", "; did you mean the section [executor]?"),
        (
            'executor = "local"',
            "; [executor] is a section, of: name, mode, partition, account, qos, python, workers",
        ),
        ("[executor]\nx = 1", "; [executor] has: name, mode, partition, account, qos, python, workers"),
        ("[stroe]\nurl.x = 1", "; did you mean 'store.url'?"),
        ("workers = 2", "; did you mean 'executor.workers'?"),
        ("[slurm]\nworkers = 2", "; did you mean 'executor.workers'?"),
        ("[dispatch]\nworkers = 2", "; [dispatch] has: mode, partition, account, time, mem"),
        ("[dispatch]\nptartition = 2", "; did you mean 'dispatch.partition'?"),
        ("[nothing]\nlike = 'it'", " (sections: executor, defaults, store, server, dispatch)"),
    ],
)
def test_what_was_meant_is_looked_for_by_section_and_by_name(tmp_path, text, meant):
    (warning,) = read_config(written(tmp_path, text)).warnings

    assert warning.partition(" key ")[2].partition("'")[2].partition("'")[2] == meant


def test_an_unknown_key_of_a_profile_is_a_warning_with_its_line(tmp_path):
    path = written(tmp_path, '[profile.big.store]\nurl = "/x"\nulr = "/y"\n')

    (warning,) = read_config(path).warnings

    assert warning.startswith(f"{path}:3: unknown key 'profile.big.store.ulr'")


def test_a_profile_that_is_no_table_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r":1: write a profile as a table"):
        read_config(written(tmp_path, 'profile = "big"\n'))


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_can_write_is_refused(tmp_path, mode):
    path = written(tmp_path, "", mode)

    with pytest.raises(ConfigError, match=f"chmod go-w {path}"):
        read_config(path)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = Path(written(tmp_path, ""))
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigError, match="no text in UTF-8"):
        read_config(str(path))


def test_a_directory_in_its_place_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(str(tmp_path))


def test_it_lies_where_the_desktop_standard_says():
    assert config_path({"XDG_CONFIG_HOME": "/c", "HOME": "/h"}) == "/c/reflow/config.toml"
    assert config_path({"HOME": "/h"}) == "/h/.config/reflow/config.toml"
