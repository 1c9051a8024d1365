"""The notebook that users were shown, executed by Jupyter: its functions have no file, and travel all the same."""

from __future__ import annotations

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("cloudpickle")

pytestmark = pytest.mark.filterwarnings("ignore")  # of Jupyter's own


def cells(text: str) -> list[str]:
    return [cell.strip() for cell in text.split("# %%\n") if cell.strip()]


def printed(cell) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def shown(cell, form: str = "text/plain") -> str:
    return "".join(
        output.data.get(form, "") for output in cell.outputs if output.output_type == "execute_result"
    )


@pytest.fixture
def execute(tmp_path):
    """Execute cells in a kernel of their own, and return them with what they printed."""

    def execute(sources):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        client = nbclient.NotebookClient(
            notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
        )
        client.execute()
        return notebook.cells

    return execute


def test_the_notebook_runs_as_it_was_shown(execute, blocks, tmp_path):
    sources = cells((blocks / "notebook.py").read_text().replace("/scratch/run1", str(tmp_path / "run1")))
    more = ["print(run.wait(60))", "print(run.result('convert'))", "run"]

    done = execute([*sources, *more])

    status, _, _, retried, as_dict, state, result, card = done[-8:]
    assert "experiment-" in printed(status)
    assert "prepare" in printed(status)
    assert "retr" in printed(retried)
    assert "'workflow': 'experiment'" in shown(as_dict)
    assert "'convert': {" in shown(as_dict)
    assert printed(state) == "succeeded\n"
    assert printed(result) == "['a.nc.zarr', 'b.nc.zarr']\n"
    assert "<table" in shown(card, "text/html")
    assert "experiment" in shown(card, "text/html")


def test_a_cell_that_does_not_fit_says_so_at_once(execute):
    define = (
        "from typing import Annotated\n"
        "from reflow import Workflow, Result\n"
        "wf = Workflow('typed')\n"
        "@wf.job()\n"
        "def prepare() -> list[int]: return [1]\n"
    )
    wrong = "@wf.array_job()\ndef convert(name: Annotated[str, Result(step='prepare')]) -> str: return name\n"

    with pytest.raises(nbclient.exceptions.CellExecutionError) as refused:
        execute([define, wrong])

    assert "convert.name wants str, but prepare returns list[int]" in str(refused.value)
