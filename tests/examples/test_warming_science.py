"""The science of the warming example holds on its real data, without reflow."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

YEARS = st.integers(1860, 2099)


@pytest.fixture(scope="module")
def data(_importable: None) -> Path:
    import iris_sample_data

    return Path(iris_sample_data.path)


@pytest.fixture(scope="module")
def anomalies(climate: ModuleType, data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The anomalies of two decades of both scenarios, a file each."""
    directory = tmp_path_factory.mktemp("anomalies")
    files = []
    for scenario in ("A1B", "E1"):
        source = climate.scenario_file(data, scenario)
        reference = climate.mean_of_years(source, 1860, 1899)
        for first, last in climate.decades(2080, 2099):
            change = climate.anomaly(climate.mean_of_years(source, first, last), reference)
            files.append(directory / f"{scenario}{first}.nc")
            change.assign_attrs(scenario=scenario).to_netcdf(files[-1])
    return files


@given(st.tuples(YEARS, YEARS).map(sorted))
def test_decades_hold_each_year_of_the_period_once(climate: ModuleType, period: list[int]) -> None:
    spans = list(climate.decades(*period))

    assert [year for first, last in spans for year in range(first, last + 1)] == list(
        range(period[0], period[1] + 1)
    )
    assert all(first // 10 == last // 10 for first, last in spans)


def test_a_period_without_a_year_is_refused(climate: ModuleType) -> None:
    with pytest.raises(ValueError, match="the period 2000 to 1999 holds no year"):
        list(climate.decades(2000, 1999))


def test_a_decade_is_the_mean_of_its_yearly_fields(climate: ModuleType, data: Path) -> None:
    file = climate.scenario_file(data, "E1")
    with xr.open_dataset(file) as source:
        fields = source["air_temperature"].values.astype("float64")

    result = climate.mean_of_years(file, 1870, 1879)

    np.testing.assert_allclose(result["map"].values, fields[10:20].mean(axis=0), rtol=1e-12)
    assert list(result["yearly"]["year"].values) == list(range(1870, 1880))


def test_regional_mean_weighs_cells_by_their_area(climate: ModuleType) -> None:
    field = xr.DataArray([[3.0, 3.0], [6.0, 6.0]], {"latitude": [0.0, 60.0], "longitude": [0, 1]})

    assert float(climate.regional_mean(field)) == pytest.approx((3 * 1 + 6 * 0.5) / 1.5)


def test_years_that_are_not_in_the_file_are_refused(climate: ModuleType, data: Path) -> None:
    with pytest.raises(ValueError, match="does not hold all years from 2090 to 2105"):
        climate.mean_of_years(climate.scenario_file(data, "E1"), 2090, 2105)


def test_a_missing_file_is_named_with_the_package_that_has_it(climate: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no A1B_north_america.nc in .*iris-sample-data"):
        climate.scenario_file(tmp_path, "A1B")


def test_the_reference_is_no_warmer_than_itself(climate: ModuleType, data: Path) -> None:
    reference = climate.mean_of_years(climate.scenario_file(data, "A1B"), 1860, 1899)

    change = climate.anomaly(reference, reference)

    assert float(abs(change["map"]).max()) == 0
    assert float(change["yearly"].mean()) == pytest.approx(0, abs=1e-10)


def test_mitigation_halves_the_warming(climate: ModuleType, anomalies: list[Path]) -> None:
    together = climate.bring_together(anomalies)
    last = together.sel(decade=2090)

    assert together.sizes["scenario"] == together.sizes["decade"] == 2
    assert float(last["mean"].sel(scenario="A1B")) == pytest.approx(4.9, abs=0.1)
    assert float(last["mean"].sel(scenario="E1")) == pytest.approx(2.4, abs=0.1)
    assert bool((together["low"] < together["mean"]).all() and (together["mean"] < together["high"]).all())


def test_files_may_come_in_any_order(climate: ModuleType, anomalies: list[Path]) -> None:
    assert climate.bring_together(anomalies[::-1]).identical(climate.bring_together(anomalies))


def test_the_mean_of_a_decade_is_that_of_its_years(climate: ModuleType, anomalies: list[Path]) -> None:
    together = climate.bring_together(anomalies)

    decades = together["yearly"].groupby(together["year"] // 10 * 10).mean()
    np.testing.assert_allclose(decades.transpose("scenario", ...).values, together["mean"].values, rtol=1e-10)


@pytest.mark.parametrize("scenarios", [["A1B", "E1"], ["E1"]], ids=str)
def test_the_picture_shows_what_is_there(
    climate: ModuleType, picture: ModuleType, anomalies: list[Path], tmp_path: Path, scenarios: list[str]
) -> None:
    from matplotlib.image import imread

    file = tmp_path / "picture.png"
    picture.draw(climate.bring_together(anomalies).sel(scenario=scenarios), file)

    pixels = imread(file)
    assert pixels.shape[1] / pixels.shape[0] == pytest.approx(16 / 9, abs=0.02)
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 200


def test_the_map_keeps_angles(picture: ModuleType) -> None:
    step = 1e-4
    for longitude, latitude in [(-130.0, 20.0), (-90.0, 40.0), (-50.0, 58.0)]:
        x, y = picture.project(
            np.array([longitude, longitude + step, longitude]),
            np.array([latitude, latitude, latitude + step]),
        )
        east, north = np.array([x[1] - x[0], y[1] - y[0]]), np.array([x[2] - x[0], y[2] - y[0]])

        assert east @ north / (np.linalg.norm(east) * np.linalg.norm(north)) == pytest.approx(0, abs=1e-4)
        shrunk = np.linalg.norm(east) / np.cos(np.deg2rad(latitude))
        assert shrunk == pytest.approx(np.linalg.norm(north), rel=1e-4)


def test_there_are_coastlines_on_the_map(picture: ModuleType) -> None:
    coasts = picture.coastlines()

    assert len(coasts) > 20
    assert all(((line[0] >= 224) & (line[0] <= 316)).all() for line in coasts)
