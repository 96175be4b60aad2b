"""Figures say what they show, keep their labels apart, and give the same bytes twice."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest
from matplotlib.transforms import Bbox

import synthetic
from alignsim.errors import FileProblem, UsageError
from alignsim.show import FIGURES, draw_all, save
from alignsim.show.blocs import find_blocs, order_by_bloc, refine, signed_modularity
from alignsim.show.events import markers
from alignsim.show.labels import clusters, spread, thin, width, wrap
from alignsim.show.map import equal_earth, outlines, world_map
from alignsim.show.matrix import matrix
from alignsim.show.style import looks
from alignsim.show.trajectories import trajectories
from alignsim.show.why import why
from alignsim.world import curated

WITH_UNITS = {
    "trajectories": {"alignment (−1 to 1)", "difference to\nbaseline (alignment)"},
    "why": {"change of desire (z units)"},
    "surroundings": {
        "isolation felt\n(0 to 1)",
        "trade with the\nother (% of trade)",
        "arms to the other\n(TIV a month)",
    },
    "matrix": {"opposed  ←  alignment (−1 to 1)  →  aligned"},
    "map": {"opposed  ←  alignment (−1 to 1)  →  aligned"},
    "network": set(),
}


@pytest.fixture(scope="module")
def data():
    return synthetic.results()


def all_codes(count: int) -> list[str]:
    codes = [row["code"] for row in curated.rows("states")]
    return sorted({"IRN", "RUS", "CHN", *codes[: count - 3]})


def many_events(count: int):
    label = "An event with a label so long that it has to be wrapped over more than one line of the list below, number"
    return tuple(
        {"at": f"{2025 + i // 12}-{i % 12 + 1:02d}", "branch": "isolation" if i % 3 else None, "label": f"{label} {i}",
         "probability": 0.5 if i % 4 else 1.0, "kind": "meeting"}
        for i in range(count)
    )  # fmt: skip


def drawn_texts(figure):
    """Texts with words, in axes and on the page, with their boxes in pixels."""
    figure.canvas.draw()
    texts = [*figure.texts, *itertools.chain.from_iterable(ax.texts for ax in figure.axes)]
    return [(t, t.get_window_extent()) for t in texts if t.get_text().strip()]


def page_of(figure) -> Bbox:
    return Bbox.from_bounds(0, 0, *(figure.get_size_inches() * figure.dpi))


def of_kind(ax, gid):
    return [artist for artist in ax.get_children() if artist.get_gid() == gid]


# --- every figure


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_what_it_shows_and_in_which_units(name, data):
    figure = FIGURES[name](data)
    assert figure.get_label().startswith(figure.texts[0].get_text().replace("\n", " ").rstrip("."))
    labels = {label for ax in figure.axes for label in (ax.get_xlabel(), ax.get_ylabel()) if label}
    assert WITH_UNITS[name] <= labels


@pytest.mark.parametrize("name", FIGURES)
def test_the_footer_says_what_was_run_and_that_it_is_not_calibrated(name, data):
    footer = FIGURES[name](data).texts[2].get_text()
    for fact in ("Does isolation deepen", "60 runs", "seed 20241011", "uncalibrated: theory-signed prior"):
        assert fact in footer


@pytest.mark.parametrize("name", FIGURES)
def test_no_words_are_smaller_than_eight_points_or_leave_the_page(name, data):
    figure = FIGURES[name](data)
    inside = page_of(figure).padded(1)
    for text, box in drawn_texts(figure):
        assert text.get_fontsize() >= 8, text.get_text()
        assert inside.x0 <= box.x0 and box.x1 <= inside.x1, text.get_text()
        assert inside.y0 <= box.y0 and box.y1 <= inside.y1, text.get_text()


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_drawn_twice_has_the_same_bytes(name, data, tmp_path):
    for kind in ("png", "svg"):
        first, second = (save(FIGURES[name](data), tmp_path / f"{i}.{kind}").read_bytes() for i in (1, 2))
        assert first == second
        assert not re.search(rb"20\d\d-\d\d-\d\dT\d\d:", first)  # no time of day in the file


CASES = {
    "one branch": {"branches": ("baseline",)},
    "one dyad": {"dyads": ("IRN-RUS",)},
    "one run": {"runs": 1},
    "five dyads": {"dyads": ("IRN-RUS", "CHN-RUS", "CHN-IRN", "IRN-SAU", "GBR-USA")},
    "nine branches": {"branches": ("baseline", *(f"alternative {i} with a long name" for i in range(8)))},
    "many events": {"events": many_events(50)},
    "no events": {"events": ()},
    "a year": {"months": 12, "events": ()},
    "a century": {"months": 1200, "runs": 5},
    "three states": {"states": ("CHN", "IRN", "RUS")},
    "190 states": {"states": all_codes(190), "runs": 3, "months": 12},
    "a long title with a dollar": {"title": "What would happen if $ and _ and {braces} " * 8},
}


@pytest.mark.parametrize("case", CASES)
def test_every_figure_is_drawn_inside_its_page_when_the_results_are_unusual(case):
    results = synthetic.results(**CASES[case])
    for name, draw in FIGURES.items():
        figure = draw(results)
        inside = page_of(figure).padded(1)
        outside = [t.get_text() for t, box in drawn_texts(figure) if box.x0 < inside.x0 or box.x1 > inside.x1]
        assert not outside, (name, outside)


def test_a_constant_series_is_a_flat_line_in_a_range_of_its_own():
    results = synthetic.results(dyads=("IRN-RUS",))
    results["alignment"][:] = 0.9
    figure = trajectories(results)
    level, change = figure.axes
    assert level.get_ylim()[1] - level.get_ylim()[0] >= 0.1
    assert change.get_ylim()[0] < 0 < change.get_ylim()[1]
    for line in of_kind(level, "median"):
        assert set(line.get_ydata()) == {0.9}


# --- trajectories


def test_the_line_is_the_median_of_the_runs(data):
    level = trajectories(data).axes[0]
    drawn = [line.get_ydata() for line in of_kind(level, "median")]
    expected = np.median(data.alignment.sel(dyad="IRN-RUS").values, axis=1)
    np.testing.assert_allclose(drawn, expected)


def test_the_lower_panel_is_the_difference_run_by_run_and_not_of_medians(data):
    change = trajectories(data).axes[1]
    values = data.alignment.sel(dyad="IRN-RUS")
    expected = [
        np.median(values.sel(branch=b).values - values.sel(branch="baseline").values, axis=0)
        for b in data.branch.values[1:]
    ]
    np.testing.assert_allclose([line.get_ydata() for line in of_kind(change, "median")], expected)


def test_one_branch_has_no_panel_of_differences():
    assert len(trajectories(synthetic.results(branches=("baseline",), dyads=("IRN-RUS",))).axes) == 1


def test_the_margin_is_drawn_where_the_results_name_one(data):
    assert of_kind(trajectories(data).axes[1], "margin")
    without = data.copy()
    del without.attrs["margin"]
    assert not of_kind(trajectories(without).axes[1], "margin")


def test_every_event_is_in_the_list_and_every_month_with_events_has_one_line(data):
    figure = trajectories(data)
    months = {event["at"] for event in json.loads(data.attrs["events"])}
    for ax in figure.axes:
        (lines,) = of_kind(ax, "events")
        assert len(lines.get_segments()) == len(months)
    words = "\n".join(text.get_text() for text in figure.texts)
    for event in json.loads(data.attrs["events"]):
        assert event["label"] in words
    assert "in 30% of runs" in words and "only in isolation" in words


def test_events_outside_the_window_are_not_drawn():
    early = ({"at": "1999-01", "branch": None, "label": "Long ago", "probability": 1.0, "kind": "x"},)
    assert markers(synthetic.results(events=early)) == []


@pytest.mark.parametrize("count", [7, 20, 60])
def test_event_numbers_never_overlap_and_count_every_event(count):
    figure = trajectories(synthetic.results(events=many_events(count)))
    figure.canvas.draw()
    for ax in figure.axes[::2]:
        numbers = of_kind(ax, "event-number")
        boxes = sorted((n.get_window_extent() for n in numbers), key=lambda box: box.x0)
        assert all(left.x1 <= right.x0 for left, right in itertools.pairwise(boxes))
        spans = [[int(n) for n in number.get_text().split("–")] for number in numbers]
        assert sorted(i for span in spans for i in range(span[0], span[-1] + 1)) == list(range(1, count + 1))


def test_names_of_lines_stand_apart_even_when_all_lines_end_together():
    results = synthetic.results(dyads=("IRN-RUS",))
    results["alignment"][:] = 0.5
    figure = trajectories(results)
    figure.canvas.draw()
    names = [t for t in figure.axes[0].texts if t.get_text() in set(results.branch.values)]
    boxes = sorted((t.get_window_extent() for t in names), key=lambda box: box.y0)
    assert len(boxes) == 4
    assert all(below.y1 <= above.y0 + 1 for below, above in itertools.pairwise(boxes))


def test_branches_differ_in_colour_and_in_dash(data):
    styles = list(looks(data).values())
    assert len({look.colour for look in styles}) == len({str(look.dash) for look in styles}) == 4


# --- why


def test_bars_add_up_to_the_sum_and_are_differences_to_the_baseline(data):
    figure = why(data, "IRN-RUS", "isolation")
    ax = figure.axes[0]
    widths = [bar.get_width() for bar in ax.patches]
    shares = data.motive_share.sel(dyad="IRN-RUS", side=0).isel(frame=-1)
    change = shares.sel(branch="isolation") - shares.sel(branch="baseline")
    assert widths[-1] == pytest.approx(float(change.sum("motive").mean()))
    assert sum(widths[:-1]) == pytest.approx(widths[-1])
    assert ax.get_yticklabels()[0].get_text() == "shared threat"


def test_the_baseline_is_explained_against_its_own_start(data):
    ax = why(data, "IRN-RUS", "baseline").axes[1]
    shares = data.motive_share.sel(dyad="IRN-RUS", side=1, branch="baseline").sum("motive").mean("run")
    assert abs(float(shares[-1] - shares[0])) > 0.01
    assert ax.patches[-1].get_width() == pytest.approx(float(shares[-1] - shares[0]), abs=1e-12)


def test_the_side_with_the_lower_desire_is_marked(data):
    marked = [t.get_text() for t in why(data).texts if "binds in" in t.get_text()]
    assert marked[0].startswith("▶") and not marked[1].startswith("▶")  # Iran's desire is made lower


# --- matrix and blocs


def test_both_matrices_have_the_same_order_and_hold_every_state(data):
    figure = matrix(data)
    orders = [[label.get_text() for label in ax.get_yticklabels()] for ax in figure.axes[:2]]
    assert orders[0] == orders[1]
    assert sorted(orders[0]) == sorted(data.state.values)


def test_at_190_states_codes_are_thinned_and_the_focus_is_kept():
    figure = matrix(synthetic.results(states=all_codes(190), runs=2, months=12))
    down = [t for t in of_kind(figure.axes[0], "code") if not t.get_rotation()]
    assert {"IRN", "RUS", "CHN"} <= {t.get_text() for t in down}
    assert 20 < len(down) < 60
    heights = sorted(t.get_position()[1] for t in down)
    cells = 190 * 0.09 / (figure.axes[0].get_position().height * figure.get_size_inches()[1])
    assert min(np.diff(heights)) >= cells


def two_blocs(size: int = 12):
    side = np.repeat([1.0, -1.0], size // 2)
    return 0.6 * np.outer(side, side)


def test_two_camps_are_found_and_a_defector_changes_bloc():
    start = two_blocs()
    blocs = find_blocs(start)
    assert len(set(blocs[:6])) == len(set(blocs[6:])) == 1 and blocs[0] != blocs[6]
    end = start.copy()
    end[0], end[:, 0] = -start[0], -start[:, 0]
    moved = refine(end, blocs)
    assert moved[0] == blocs[6] and (moved[1:] == blocs[1:]).all()


def test_blocs_are_found_where_nobody_is_opposed():
    alignment = two_blocs() * 0.25 + 0.6  # 0.75 inside, 0.45 across
    blocs = find_blocs(alignment)
    assert len(set(blocs[:6])) == len(set(blocs[6:])) == 1 and blocs[0] != blocs[6]


def test_signed_modularity_agrees_with_the_formula_term_by_term():
    weights = np.random.default_rng(2).uniform(-1, 1, (5, 5))
    weights = (weights + weights.T) / 2
    np.fill_diagonal(weights, 0)
    plus, minus = np.clip(weights, 0, None), np.clip(-weights, 0, None)
    for i, j in itertools.combinations(range(5), 2):
        expected = plus[i].sum() * plus[j].sum() / plus.sum() - minus[i].sum() * minus[j].sum() / minus.sum()
        assert signed_modularity(weights)[i, j] == pytest.approx(weights[i, j] - expected)


def test_the_order_keeps_blocs_together_and_loses_nobody():
    shuffled = np.random.default_rng(0).permutation(12)
    alignment = two_blocs()[np.ix_(shuffled, shuffled)]
    blocs = find_blocs(alignment)
    order = order_by_bloc(alignment, blocs)
    assert sorted(order) == list(range(12))
    assert (np.diff(blocs[order]) != 0).sum() == 1


def test_all_equal_states_are_one_bloc():
    assert set(find_blocs(np.full((8, 8), 0.5))) == {0}


# --- map


def test_equal_earth_agrees_with_its_definition():
    x, y = equal_earth(np.array([0.0, 180.0, 180.0]), np.array([0.0, 0.0, 90.0]))
    assert (x[0], y[0]) == (0, 0)
    assert x[1] == pytest.approx(2 * np.sqrt(3) * np.pi / (3 * 1.340264))
    assert y[2] / x[1] == pytest.approx(0.4867, abs=1e-3)  # the published ratio of height to width
    assert x[2] / x[1] == pytest.approx(0.59, abs=0.01)  # and of the pole line to the equator


def test_equal_earth_keeps_areas():
    def area(west, east, south, north, steps=200):
        up, down = np.linspace(south, north, steps), np.linspace(north, south, steps)
        x, y = equal_earth(np.r_[np.full(steps, east), np.full(steps, west)], np.r_[up, down])
        return 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))

    for west, east, south, north in ((0, 30, 0, 10), (-150, -100, 40, 60), (20, 60, 70, 85)):
        true = np.radians(east - west) * (np.sin(np.radians(north)) - np.sin(np.radians(south)))
        assert area(west, east, south, north) == pytest.approx(true, rel=1e-3)


def test_outlines_have_codes_of_ours_close_and_do_not_cross_the_edge():
    known = {row["code"] for row in curated.rows("states")}
    widest = equal_earth(180, 0)[0]
    for code, ring in outlines():
        assert code in known or code.startswith("-")
        assert (ring[0] == ring[-1]).all() and len(ring) >= 4
        assert np.abs(ring[:, 0]).max() <= widest + 1e-9
        assert np.abs(np.diff(ring[:, 0])).max() < 1.0  # a streak across the map would be 5
    assert {"RUS", "IRN", "USA", "FRA", "XKX", "FJI"} <= {code for code, _ in outlines()}


def test_an_enclosed_state_is_drawn_after_the_one_that_encloses_it():
    codes = [code for code, _ in outlines()]
    assert codes.index("LSO") > codes.index("ZAF")


def test_states_outside_the_world_are_grey_and_the_chosen_is_black(data):
    figure = world_map(data, "IRN")
    (land,) = of_kind(figure.axes[0], "land")
    colours = dict(zip((code for code, _ in outlines()), land.get_facecolors(), strict=True))
    assert colours["IRN"][:3].max() < 0.1
    np.testing.assert_allclose(colours["PER"][:3], colours["-Greenland"][:3])
    assert colours["SYR"][2] > colours["SYR"][0] and colours["USA"][0] > colours["USA"][2]  # blue friend, orange foe


def test_small_states_are_dots():
    figure = world_map(synthetic.results(states=("BHR", "CHN", "IRN", "RUS", "SGP")))
    (dots,) = of_kind(figure.axes[0], "dots")
    assert len(dots.get_offsets()) == 2


def test_an_unknown_state_branch_or_dyad_is_named(data):
    with pytest.raises(KeyError, match="ATL"):
        world_map(data, "ATL")
    with pytest.raises(KeyError, match="there are baseline, isolation"):
        matrix(data, "isolaton")
    with pytest.raises(KeyError, match="IRN-ATL"):
        why(data, "IRN-ATL")


# --- words on paper


def test_wrapped_lines_fit_and_lose_no_word():
    text = "Alignment of Iran and Russia in every branch, and Donaudampfschifffahrtsgesellschaftskapitän"
    lines = wrap(text, 1.2, 9)
    assert all(width(line, 9) <= 1.2 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_spread_moves_crowded_places_apart_and_leaves_others_alone():
    moved = spread([0.5, 0.5, 0.5, 3.0], 0.2, 0.0, 4.0)
    np.testing.assert_allclose(sorted(moved), [0.3, 0.5, 0.7, 3.0])
    inside = spread([0.0, 0.0, 0.0], 0.2, 0.0, 4.0)
    np.testing.assert_allclose(sorted(inside), [0.0, 0.2, 0.4])


def test_clusters_cover_every_place_once_in_order():
    places = sorted(np.random.default_rng(5).uniform(0, 2, 30))
    groups = clusters(places, lambda a, b: f"{a}–{b}", room=2.0, gap=0.05, far=0.4)
    assert [i for a, b, _ in groups for i in range(a, b + 1)] == list(range(30))
    assert 1 < len(groups) < 30


def test_thin_keeps_the_most_important():
    assert thin([0, 1, 2, 3], [1, 9, 2, 1], gap=2) == [1, 3]


# --- files


def test_draw_all_writes_every_figure_and_returns_the_files(tmp_path):
    written = draw_all(synthetic.results(dyads=("IRN-RUS",), runs=5, months=12), tmp_path / "figures", ("png", "svg"))
    assert all(path.stat().st_size > 5000 for path in written)
    stems = {path.stem for path in written}
    assert stems == {"trajectories", "why-IRN-RUS", "surroundings-IRN-RUS", "matrix", "network", "map"}
    assert sorted(p.name for p in (tmp_path / "figures").iterdir()) == sorted(p.name for p in written)


def test_draw_all_refuses_unknown_figures_and_formats_before_drawing(data, tmp_path):
    with pytest.raises(UsageError, match="did you mean 'matrix'"):
        draw_all(data, tmp_path, figures=["matrx"])
    with pytest.raises(UsageError, match="bmp"):
        draw_all(data, tmp_path, formats=("bmp",))
    assert not list(tmp_path.iterdir())


def test_a_figure_that_cannot_be_written_leaves_nothing_behind(data, tmp_path):
    with pytest.raises(FileProblem):
        save(why(data), tmp_path / "nowhere" / "why.png")
    assert not list(tmp_path.iterdir())


def test_the_users_own_matplotlib_settings_are_neither_used_nor_changed(data, tmp_path):
    import matplotlib

    before = save(why(data), tmp_path / "before.png").read_bytes()
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 30}):
        assert save(why(data), tmp_path / "after.png").read_bytes() == before
        assert matplotlib.rcParams["font.size"] == 30
