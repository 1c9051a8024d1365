"""The science: decade means, what they are compared with, and how to bring them together.

Plain functions over xarray data sets, which know nothing of reflow. xarray takes a second to import, so that it is
imported where it is used: ``status`` and ``--help`` need not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

TEMPERATURE = "air_temperature"


def scenario_file(data: Path, scenario: str) -> Path:
    """Return the file of yearly fields of a scenario.

    Raises:
        FileNotFoundError: There is none in this directory.
    """
    file = data / f"{scenario}_north_america.nc"
    if not file.is_file():
        raise FileNotFoundError(f"no {file.name} in {data}; the package iris-sample-data has it")
    return file


def decades(first_year: int, last_year: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last years of all calendar decades; those at the ends may be cut short."""
    if first_year > last_year:
        raise ValueError(f"the period {first_year} to {last_year} holds no year")
    for start in range(first_year // 10 * 10, last_year + 1, 10):
        yield max(start, first_year), min(start + 9, last_year)


def mean_of_years(file: Path, first_year: int, last_year: int) -> xr.Dataset:
    """Return the mean map of some years, and the area-weighted mean over the region of each.

    All years of the 360-day calendar are equally long, and so weigh the same.
    """
    import xarray as xr

    with xr.open_dataset(file) as source:
        fields = source[TEMPERATURE].load()
    year = fields["time"].dt.year
    fields = fields.isel(time=((year >= first_year) & (year <= last_year)).values)
    if fields.sizes["time"] != last_year - first_year + 1:
        raise ValueError(f"{file} does not hold all years from {first_year} to {last_year}")

    fields = (
        fields.assign_coords(year=("time", fields["time"].dt.year.values))
        .swap_dims(time="year")
        .drop_vars("time")
    )
    # Double precision: the anomalies are differences of numbers near 290.
    fields = fields.astype("float64").drop_vars(["forecast_period", "forecast_reference_time", "height"])
    result = xr.Dataset({"map": fields.mean("year"), "yearly": regional_mean(fields)})
    for name in result.data_vars:
        result[name].attrs = {"standard_name": TEMPERATURE, "units": "K"}
    result["map"].attrs["cell_methods"] = "time: mean"
    result["yearly"].attrs["cell_methods"] = "time: mean area: mean"
    result.attrs = {"Conventions": "CF-1.8", "first_year": first_year, "last_year": last_year}
    return result


def area_weights(field: xr.DataArray) -> xr.DataArray:
    """Return the relative area of the cells of a regular grid, by latitude."""
    import numpy as np

    return np.cos(np.deg2rad(field["latitude"].astype("float64")))


def regional_mean(field: xr.DataArray) -> xr.DataArray:
    """Return the area-weighted mean over the region."""
    return field.weighted(area_weights(field)).mean(["latitude", "longitude"])


def anomaly(mean: xr.Dataset, reference: xr.Dataset) -> xr.Dataset:
    """Return by how much some years are warmer than a reference, as a map and year by year."""
    result = mean.copy()
    result["map"] = mean["map"] - reference["map"]
    result["yearly"] = mean["yearly"] - reference["yearly"].mean()
    for name in result.data_vars:
        result[name].attrs = mean[name].attrs | {"long_name": "air temperature anomaly"}
    span = f"{reference.attrs['first_year']}-{reference.attrs['last_year']}"
    result.attrs = mean.attrs | {"reference_period": span}
    return result


def bring_together(files: Sequence[Path]) -> xr.Dataset:
    """Return the anomalies of all scenarios and decades, in one data set.

    ``mean`` is the area-weighted mean of a decade; ``low`` and ``high`` bound the middle 80 % of the region's area.
    """
    import xarray as xr

    pieces = [_with_spread(xr.load_dataset(file)) for file in files]
    return xr.merge(pieces, compat="no_conflicts", join="outer", combine_attrs="drop_conflicts")


def _with_spread(piece: xr.Dataset) -> xr.Dataset:
    change = piece["map"]
    middle = change.weighted(area_weights(change)).quantile([0.1, 0.9], dim=["latitude", "longitude"])
    curves = {
        "mean": regional_mean(change),
        "low": middle.isel(quantile=0, drop=True),
        "high": middle.isel(quantile=1, drop=True),
    }
    decade = piece[["map"]].assign({name: curve.assign_attrs(units="K") for name, curve in curves.items()})
    decade = decade.expand_dims(decade=[piece.attrs["first_year"]])
    together = decade.assign(yearly=piece["yearly"], middle_year=("decade", [float(piece["year"].mean())]))
    return together.expand_dims(scenario=[piece.attrs["scenario"]])
