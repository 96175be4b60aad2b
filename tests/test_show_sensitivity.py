"""Figures of a sweep show the numbers they are given, name what they show, and keep to the page."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.transforms import Bbox

from alignsim.show.labels import width, wrap_path
from alignsim.show.response import heat_map, parallel_coordinates, response_curves, tornado
from alignsim.show.sensitivity import convergence, index_bars, morris_scatter, sobol_bars
from alignsim.show.style import OKABE_ITO, readable, save

OUTCOME = "the effect of isolation on alignment(IRN, RUS) at 2029-12"
UNIT = "difference in alignment (−1 to 1)"
SOURCE = "Isolation  ·  128 points × 20 runs, saltelli design N = 16  ·  seed 7  ·  uncalibrated: sceptical prior"
LONG = "events[3].sanction.intensity_of_a_measure.that_has_a_very_long_path_indeed.and_goes_on"


def named(count):
    return ["sanctions.bite", "secondary_sanctions.chill", "learning.rate", LONG, *(f"p.{i}" for i in range(26))][
        :count
    ]


def indices(count, seed=0):
    draws = np.random.default_rng(seed)
    value = np.sort(draws.uniform(0, 0.5, count))[::-1]
    return np.stack([value, value - 0.06, value + 0.06], axis=-1)


def pairs(count):
    return [(f"sanctions.bite × {name}", value) for name, value in zip(named(count), indices(count) - 0.1, strict=True)]


def box_of(count):
    return [(0.5, np.inf), *[(-np.inf, np.inf)] * (count - 1)]


def scattered(count, n=60):
    points = np.random.default_rng(1).uniform(size=(n, count))
    return {"bounds": [(0, 1)] * count, "points": points, "fails": points[:, 0] > 0.6}


def drawn(name, count=5, runs=20, outcome=OUTCOME):
    """A figure of `count` inputs."""
    labels, x = named(count), np.linspace(0, 1, 7)
    samples = np.random.default_rng(2).normal(0.05, 0.02, (runs, 7)) + 0.1 * x
    values = np.outer(np.linspace(-0.1, 0.2, 4), np.linspace(0.5, 1, 6))
    size = indices(count)[:, 0]
    about = {"outcome": outcome, "source": SOURCE}
    return {
        "sobol": lambda: sobol_bars(labels, indices(count), indices(count, 1), pairs(count), **about),
        "sobol without pairs": lambda: sobol_bars(labels, indices(count), indices(count, 1), **about),
        "bars": lambda: index_bars(labels, indices(count), measure="PAWN", unit="(0 to 1)", inert=0.12, **about),
        "morris": lambda: morris_scatter(labels, indices(count), indices(count, 1), unit="alignment", **about),
        "convergence": lambda: convergence(
            [16, 32, 64], np.stack([indices(count, k) for k in range(3)]), labels, measure="total order", **about
        ),
        "curves": lambda: response_curves([(n, x, samples) for n in labels], unit=UNIT, margin=0.05, **about),
        "map": lambda: heat_map(
            np.linspace(0, 1, 6), np.linspace(0, 2, 4), values, names=tuple(named(2)), unit=UNIT, margin=0.05, **about
        ),
        "tornado": lambda: tornado(labels, -size, size * 0.5, np.full(count, 0.2), middle=0.0, unit=UNIT, **about),
        "parallel": lambda: parallel_coordinates(
            labels, **scattered(count), claim="the claim", source=SOURCE, box=box_of(count)
        ),
    }[name]()


FIGURES = (
    "sobol", "sobol without pairs", "bars", "morris", "convergence", "curves", "map", "tornado", "parallel"
)  # fmt: skip


def words_of(figure):
    figure.draw_without_rendering()
    texts = [*figure.texts, *(t for ax in figure.axes for t in ax.texts)]
    texts += [label for ax in figure.axes for label in (ax.xaxis.label, ax.yaxis.label)]
    return [(t.get_text(), t, t.get_window_extent()) for t in texts if t.get_text().strip()]


def of_kind(figure, gid):
    return [artist for ax in figure.axes for artist in ax.get_children() if artist.get_gid() == gid]


# --- every figure


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("count", [1, 2, 5, 30])
def test_words_stay_on_the_page_and_are_no_smaller_than_eight_points(name, count):
    figure = drawn(name, count)
    page = Bbox.from_bounds(0, 0, *(figure.get_size_inches() * figure.dpi)).padded(1)
    for words, text, box in words_of(figure):
        assert text.get_fontsize() >= 8, words
        assert page.x0 <= box.x0 and box.x1 <= page.x1, words
        assert page.y0 <= box.y0 and box.y1 <= page.y1, words


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_what_it_shows_and_from_what(name):
    figure = drawn(name)
    assert ("the claim" if name == "parallel" else "effect of isolation") in figure.get_label()
    said = " ".join(words for words, *_ in words_of(figure)).replace("\n", " ")
    assert "saltelli design N = 16" in said and "uncalibrated" in said
    assert name == "parallel" or any(
        word in said for word in ("alignment (−1 to 1)", "share of variance", "(0 to 1)", "(alignment)", "total order")
    )


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_drawn_twice_has_the_same_bytes(name, tmp_path):
    one, two = (save(drawn(name), tmp_path / f"{i}.png").read_bytes() for i in (1, 2))
    assert one == two


def test_dollars_and_braces_in_names_are_letters():
    figure = index_bars(["$a_{b}$", "c"], indices(2), outcome="$x$", measure="PAWN", unit="(0 to 1)", source=SOURCE)
    assert "$x$" in figure.get_label()
    figure.draw_without_rendering()


# --- the numbers


def test_bars_are_the_indices_in_order_and_ranks_are_ranges_where_intervals_overlap():
    total = np.array([[0.1, 0.0, 0.2], [0.5, 0.42, 0.58], [0.15, 0.05, 0.25]])
    figure = sobol_bars(["a", "b", "c"], total, total / 2, outcome="y")
    widths = [round(bar.get_width(), 6) for bar in of_kind(figure, "total")]
    assert widths == [0.5, 0.15, 0.1]
    assert [round(bar.get_width(), 6) for bar in of_kind(figure, "first")] == [0.25, 0.075, 0.05]
    said = [words for words, *_ in words_of(figure)]
    assert said.count("2–3") == 2 and "1" in said


def test_pairs_whose_interval_holds_zero_are_pale():
    sure, unsure = np.array([0.2, 0.1, 0.3]), np.array([0.1, -0.1, 0.3])
    bars = of_kind(
        sobol_bars(["a", "b"], indices(2), indices(2), [("a × b", sure), ("a × c", unsure)], outcome="y"), "pair"
    )
    assert bars[0].get_facecolor() != bars[1].get_facecolor()


def test_what_is_not_seen_is_pale_and_the_inert_level_is_drawn():
    figure = index_bars(
        ["a", "b"], [[0.4, 0.3, 0.5], [0.15, 0.1, 0.2]], outcome="y", measure="PAWN", unit="u", inert=0.12
    )
    one, two = of_kind(figure, "index")
    assert one.get_facecolor() != two.get_facecolor()
    assert of_kind(figure, "inert")[0].get_xdata()[0] == 0.12


def test_a_point_of_the_scatter_is_at_its_size_and_spread():
    figure = morris_scatter(["a", "b"], indices(2), indices(2, 1), outcome="y", unit="u")
    places = [(p.get_xdata()[0], p.get_ydata()[0]) for p in of_kind(figure, "input")]
    assert places == [tuple(x) for x in np.column_stack([indices(2)[:, 0], indices(2, 1)[:, 0]])]


def test_names_of_a_crowd_near_the_origin_are_listed_and_joined_to_nothing():
    size, spread = np.array([1.0, 0.01, 0.02, 0.03]), np.array([1.0, 0.02, 0.01, 0.03])
    three = [np.stack([own, own - 0.005, own + 0.005], axis=-1) for own in (size, spread)]
    figure = morris_scatter(["alone", "p", "q", "r"], *three, outcome="y", unit="u")
    said = [words for words, *_ in words_of(figure)]
    assert said.index("in the lower left corner:") < said.index("p") and "alone" in said
    joined = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 3]
    assert len(joined) == 1 and joined[0].get_ydata()[0] == 1.0


def test_where_no_share_of_variance_can_be_is_grey():
    over = np.array([[0.9, 0.6, 1.2], [0.05, -0.1, 0.2]])
    figure = sobol_bars(["a", "b"], over, over, outcome="y")
    below, above = of_kind(figure, "impossible")
    assert below.get_x() + below.get_width() == pytest.approx(0) and above.get_x() == pytest.approx(1)
    within = np.array([[0.5, 0.4, 0.6], [0.2, 0.1, 0.3]])
    assert not of_kind(sobol_bars(["a", "b"], within, within, outcome="y"), "impossible")


def test_of_a_name_that_is_too_long_the_end_is_kept():
    figure = drawn("morris", 5)
    cut = [words for words, *_ in words_of(figure) if words.startswith("…")]
    assert len(cut) == 1 and LONG.endswith(cut[0][1:])


@pytest.mark.parametrize("colour", OKABE_ITO)
def test_labels_of_lines_can_be_read_on_paper(colour):
    assert 1.05 / (luminance(np.array(readable(colour))) + 0.05) >= 4.5


def luminance(rgb):
    """Relative luminance (WCAG 2.1), written out a second time."""
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in map(float, rgb))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_an_input_that_does_nothing_is_drawn_at_the_origin():
    figure = morris_scatter(["a"], np.zeros((1, 3)), np.zeros((1, 3)), outcome="y", unit="u")
    assert of_kind(figure, "input")[0].get_xdata()[0] == 0
    assert figure.axes[0].get_xlim()[1] > 0


def test_convergence_names_the_six_largest_and_draws_all():
    index = np.stack([indices(9)] * 3)
    figure = convergence([4, 8, 16], index, [f"p{k}" for k in range(9)], outcome="y", measure="total order")
    said = [words for words, *_ in words_of(figure)]
    assert [name for name in said if name in {f"p{k}" for k in range(9)}] == [f"p{k}" for k in range(6)]
    assert len(of_kind(figure, "index")) == 6
    assert "smallest 3" in " ".join(said)


def test_a_response_curve_is_the_median_of_the_runs():
    samples = np.random.default_rng(0).normal(size=(9, 5))
    figure = response_curves([("bite", np.arange(5), samples)], outcome="y", unit="u")
    assert of_kind(figure, "median")[0].get_ydata() == pytest.approx(np.median(samples, axis=0))
    assert not of_kind(figure, "margin")


def test_the_contour_of_the_margin_is_where_the_outcome_is_as_large():
    x, y = np.linspace(0, 1, 5), np.linspace(0, 1, 5)
    values = np.tile(x * 0.2 - 0.1, (5, 1))
    figure = heat_map(x, y, values, names=("a", "b"), outcome="y", unit="u", margin=0.05)
    (contour,) = of_kind(figure, "margin")
    across = sorted({round(float(v[0]), 6) for path in contour.get_paths() for v in path.vertices})
    assert across[0] == pytest.approx(0.25, abs=0.02) and across[-1] == pytest.approx(0.75, abs=0.02)
    assert not of_kind(heat_map(x, y, values, names=("a", "b"), outcome="y", unit="u"), "margin")


def test_a_map_with_nothing_run_in_places_says_so_and_draws_no_contour():
    values = np.array([[0.1, np.nan, -0.1], [0.1, 0.2, -0.2]])
    figure = heat_map(np.arange(3), np.arange(2), values, names=("a", "b"), outcome="y", unit="u", margin=0.05)
    assert "Hatched: nothing was run" in figure.get_label()
    assert not of_kind(figure, "margin")


def test_cells_have_their_numbers_where_they_are_few_and_ticks_where_the_levels_are():
    values = np.array([[0.1, np.nan, -0.061], [0.1, 0.2, 0.0]])
    figure = heat_map([0.85, 0.9, 1], [0, 2], values, names=("a", "b"), outcome="y", unit="u", margin=0.05)
    written = [text.get_text() for text in of_kind(figure, "number")]
    assert written == ["+0.10", "−0.06", "+0.10", "+0.20", "0.00"]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["0.85", "0.9", "1"]
    many = heat_map(np.arange(9), np.arange(2), np.ones((2, 9)), names=("a", "b"), outcome="y", unit="u")
    assert not of_kind(many, "number")


def test_a_number_can_be_read_on_the_colour_of_its_cell():
    figure = drawn("map")
    for text in of_kind(figure, "number"):
        face = np.array(text.get_bbox_patch().get_facecolor()[:3])
        ink = np.array(to_rgb(text.get_color()))
        light, dark = sorted([luminance(face), luminance(ink)], reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 3


def test_a_map_names_only_the_lines_that_it_draws():
    values = np.outer([1, 1, 1], [0.0, 0.1, 0.2])
    figure = heat_map(np.arange(3), np.arange(3), values, names=("a", "b"), outcome="y", unit="u", margin=0.05)
    assert "full: +0.05" in figure.get_label() and "dashed" not in figure.get_label()


@pytest.mark.parametrize("values", [np.full((3, 3), 0.2), np.full((3, 3), -0.2), np.zeros((3, 3))])
def test_a_flat_map_is_drawn(values):
    heat_map(
        np.arange(3), np.arange(3), values, names=("a", "b"), outcome="y", unit="u", margin=0.05
    ).draw_without_rendering()


def test_the_tornado_has_the_largest_swing_on_top_and_numbers_to_the_precision_they_have():
    figure = tornado(["a", "b"], [0.1, -0.3], [0.2, 0.4], [0.5, 0.011], middle=0.1, outcome="y", unit="u")
    highs = [bar.get_x() + bar.get_width() for bar in of_kind(figure, "high")]
    assert highs == pytest.approx([0.4, 0.2])
    said = [words for words, *_ in words_of(figure)]
    assert "+0.700 ± 0.011" in said and "+0.10 ± 0.50" in said


def test_every_failing_point_counts_in_the_shares_and_axes_stand_in_order():
    points = np.column_stack([np.linspace(0, 1, 200), np.tile([0.2, 0.8], 100)])
    fails = points[:, 1] > 0.5
    figure = parallel_coordinates(["even", "odd"], [(0, 1)] * 2, points, fails, claim="the claim")
    shares = [round(bar.get_width() / 0.24, 6) for bar in of_kind(figure, "share")]
    assert shares[:10] == [0, 0, 0, 0, 0, 0, 0, 0, 1, 0]  # of "odd", which parts them, and so comes first
    assert all(0.4 < share < 0.6 for share in shares[10:])
    lines = {gid: len(of_kind(figure, gid)[0].get_segments()) for gid in ("holds", "fails")}
    assert sum(lines.values()) == 150 and abs(lines["fails"] - 75) <= 5


@pytest.mark.parametrize("fails", [np.zeros(60, bool), np.ones(60, bool)])
def test_all_failing_or_none_is_drawn(fails):
    given = scattered(3) | {"fails": fails}
    parallel_coordinates(["a", "b", "c"], **given, claim="the claim").draw_without_rendering()


def test_the_limits_of_a_region_are_drawn_on_the_inputs_it_restricts_only():
    figure = drawn("parallel", 4)
    (limit,) = of_kind(figure, "box")
    assert list(limit.get_ydata()) == [0.5, 1.0]


def test_a_path_is_broken_after_its_dots_and_underscores_and_loses_no_letter():
    lines = wrap_path(LONG, 1.2, 8)
    assert "".join(lines) == LONG
    assert all(width(line, 8) <= 1.2 for line in lines)
    assert wrap_path("sanctions.bite", 5, 8) == ["sanctions.bite"]
