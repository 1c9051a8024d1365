"""How much warmer North America gets, decade by decade, in two scenarios.

Type ``python warming.py submit --run-dir output``, or ``make demo`` at the top of the repository.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from reflow import Param, Result, RunDir, Workflow

import climate
import picture

if TYPE_CHECKING:
    import xarray as xr

REFERENCE = (1860, 1899)


def sample_data() -> Path:
    """Return where the package iris-sample-data keeps its files, without importing it."""
    found = find_spec("iris_sample_data")
    return Path(found.origin).parent / "sample_data" if found and found.origin else Path("sample_data")


wf = Workflow("warming")

Data = Annotated[Path, Param(help="Directory that holds the files of the scenarios")]
Scenarios = Annotated[tuple[Literal["A1B", "E1"], ...], Param(help="Scenarios to compare")]


class Decade(NamedTuple):
    """Some years of a scenario, and the file that holds them."""

    scenario: str
    file: Path
    first_year: int
    last_year: int


@wf.job
def prepare(
    data: Data = sample_data(),
    scenarios: Scenarios = ("A1B", "E1"),
    first_year: Annotated[int, Param(help="First year of the period")] = 1860,
    last_year: Annotated[int, Param(help="Last year of the period")] = 2099,
) -> list[Decade]:
    """Find the files of the scenarios, and cut the period into decades."""
    return [
        Decade(scenario, climate.scenario_file(data, scenario), *years)
        for scenario in scenarios
        for years in climate.decades(first_year, last_year)
    ]


@wf.job
def reference(
    data: Data = sample_data(), scenarios: Scenarios = ("A1B", "E1"), run_dir: RunDir = RunDir()
) -> dict[str, Path]:
    """Make the mean map of each scenario that its decades are compared with."""
    files = {scenario: climate.scenario_file(data, scenario) for scenario in scenarios}
    return {
        scenario: _write(climate.mean_of_years(file, *REFERENCE), run_dir / "reference", scenario, REFERENCE)
        for scenario, file in files.items()
    }


@wf.array_job(time="00:05:00", mem="1G")
def decade_mean(decade: Annotated[Decade, Result(step=prepare)], run_dir: RunDir = RunDir()) -> Path:
    """Make the mean map of a decade of a scenario."""
    years = (decade.first_year, decade.last_year)
    return _write(climate.mean_of_years(decade.file, *years), run_dir / "means", decade.scenario, years)


@wf.array_job(time="00:05:00", mem="1G")
def anomaly(
    mean: Annotated[Path, Result(step=decade_mean)],
    references: Annotated[dict[str, Path], Result(step=reference)],
    run_dir: RunDir = RunDir(),
) -> Path:
    """Turn a decade's mean into what it is warmer than the reference."""
    import xarray as xr

    decade = xr.load_dataset(mean)
    scenario = str(decade.attrs["scenario"])
    years = (int(decade.attrs["first_year"]), int(decade.attrs["last_year"]))
    change = climate.anomaly(decade, xr.load_dataset(references[scenario]))
    return _write(change, run_dir / "anomalies", scenario, years)


@wf.job
def table(anomalies: Annotated[list[Path], Result(step=anomaly)], run_dir: RunDir = RunDir()) -> Path:
    """Bring all anomalies together in one NetCDF file."""
    file = run_dir / "warming.nc"
    climate.bring_together(anomalies).to_netcdf(file)
    return file


@wf.job
def figure(anomalies: Annotated[list[Path], Result(step=anomaly)], run_dir: RunDir = RunDir()) -> Path:
    """Draw the curves of all scenarios, and the map of the last decade."""
    file = run_dir / "warming.png"
    picture.draw(climate.bring_together(anomalies), file)
    return file


def _write(fields: xr.Dataset, directory: Path, scenario: str, years: tuple[int, int]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / f"{scenario}_{years[0]}-{years[1]}.nc"
    fields.assign_attrs(scenario=scenario).to_netcdf(file)
    return file


if __name__ == "__main__":
    raise SystemExit(wf.cli())
