"""Figures of the hindcast show the numbers they are given, all of them, and say what they mean."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from alignsim.show import hindcast, style

NAN = float("nan")
FORECASTERS = ("persistence", "dyad mean", "consent, calibrated", "one coefficient")


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def row(forecaster, value, score="crps skill", outcome="agreement", horizon=1, group="all pairs", half=0.02, n=780):
    return {
        "outcome": outcome, "horizon": horizon, "group": group, "forecaster": forecaster, "score": score, "n": n,
        "value": value, "low": value - half, "high": value + half, "low_by_state": value - 3 * half,
        "high_by_state": value + 3 * half,
    }  # fmt: skip


@pytest.fixture
def rows():
    values = dict(zip(FORECASTERS, (0.0, -0.12, 0.04, -1.6), strict=True))
    return [
        row(who, value + 0.01 * horizon * (value != 0), outcome=outcome, horizon=horizon)
        for outcome in ("agreement", "distance")
        for horizon in (1, 3, 5)
        for who, value in values.items()
    ]


def marked(figure, name):
    return [line for ax in figure.axes for line in ax.lines if line.get_gid() == name]


def words(figure):
    return [t.get_text() for t in (*figure.texts, *(t for ax in figure.axes for t in ax.texts))]


def test_every_skill_is_a_dot_at_its_value_with_both_intervals(rows):
    figure = hindcast.skill(rows)
    assert len(figure.axes) == 6
    first = figure.axes[0]
    dots = [line for line in first.lines if line.get_gid() == "value"]
    assert [float(d.get_xdata()[0]) for d in dots] == pytest.approx([-0.11, 0.05])
    by_dyad, by_state = ([x for x in first.lines if x.get_gid() == name] for name in ("by dyad", "by state"))
    assert list(by_dyad[1].get_xdata()) == pytest.approx([0.03, 0.07])
    assert list(by_state[1].get_xdata()) == pytest.approx([-0.01, 0.11])
    assert by_dyad[0].get_linewidth() > by_state[0].get_linewidth()


def test_the_reference_is_the_line_at_nil_and_not_a_row(rows):
    figure = hindcast.skill(rows)
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == list(FORECASTERS[1:])
    assert len(marked(figure, "nil")) == 6
    assert all(line.get_xdata()[0] == 0 for line in marked(figure, "nil"))
    assert any("better than persistence" in text for text in words(figure))


def test_a_hopeless_forecast_is_written_at_the_edge_and_does_not_squeeze_the_others(rows):
    figure = hindcast.skill(rows)
    assert figure.axes[0].get_xlim()[0] >= hindcast.LEAST_SKILL
    assert any("−159%" in text for text in words(figure))


def test_our_own_forecasts_stand_out(rows):
    dots = {float(d.get_xdata()[0]): to_hex(d.get_color()) for d in marked(hindcast.skill(rows), "value")}
    assert dots[0.05].lower() == hindcast.BLUE.lower() and dots[-0.11] != dots[0.05]


def test_an_interval_that_could_not_be_had_is_not_drawn(rows):
    for own in rows:
        own["low_by_state"], own["high_by_state"] = NAN, None
    figure = hindcast.skill(rows)
    assert not marked(figure, "by state") and len(marked(figure, "by dyad")) == 12


def test_a_score_that_is_no_skill_has_its_own_nil(rows):
    for own in rows:
        own |= {"score": "auc", "value": 0.6, "low": 0.5, "high": 0.7}
    figure = hindcast.skill(rows, score="auc")
    assert all(line.get_xdata()[0] == 0.5 for line in marked(figure, "nil"))
    assert len(marked(figure, "value")) == 24  # the reference too


def test_how_many_cases_there_are_is_said(rows):
    rows[1]["n"] = 700
    said = words(hindcast.skill(rows))
    assert "3 years ahead, 780 cases" in said and "1 year ahead, 700 to 780 cases" in said


def test_rows_without_the_score_are_refused_with_its_name(rows):
    with pytest.raises(ValueError, match="no crps skill for 'co-sanctioned'"):
        hindcast.skill(rows, group="co-sanctioned")


def test_coverage_is_shown_against_what_was_promised():
    rows = [row(w, v, score=s) for w in FORECASTERS for s, v in (("coverage 50", 0.56), ("coverage 90", 0.88))]
    figure = hindcast.coverage(rows)
    assert [line.get_xdata()[0] for line in marked(figure, "nominal")] == [0.5, 0.9]
    values = marked(figure, "value")
    assert [float(v.get_xdata()[0]) for v in values] == pytest.approx([0.56, 0.88] * 4)
    assert (
        to_hex(values[0].get_markerfacecolor()) == style.PAPER
        and to_hex(values[1].get_markerfacecolor()) != style.PAPER
    )


def test_a_pit_histogram_has_a_bar_for_each_bin_and_the_flat_line():
    shares = {(w, h): np.array([0.05, 0.15, 0.3, 0.25, 0.25]) for w in FORECASTERS for h in (1, 3)}
    figure = hindcast.pit_histograms(shares, outcome="distance")
    assert len(figure.axes) == 8
    bars = figure.axes[0].patches
    assert [bar.get_height() for bar in bars] == pytest.approx([0.25, 0.75, 1.5, 1.25, 1.25])
    assert all(line.get_ydata()[0] == 1.0 for line in marked(figure, "flat"))
    assert figure.axes[0].get_ylim()[1] > 1.5


def test_changes_are_drawn_with_their_mean_and_the_named_dyads():
    rng = np.random.default_rng(1)
    x = rng.normal(0, 0.05, 500)
    panel = {"horizon": 3, "predicted": x, "observed": x + rng.normal(0, 0.2, 500), "named": {"IRN–RUS": (0.06, 0.9)}}
    panel["observed"][:5] = NAN
    figure = hindcast.change([panel], outcome="agreement", forecaster="consent")
    (tenths,), (dot,) = marked(figure, "tenths"), marked(figure, "named")
    order = np.argsort(x[5:], kind="stable")
    assert tenths.get_ydata()[0] == pytest.approx(panel["observed"][5:][np.array_split(order, 10)[0]].mean())
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (0.06, 0.9)
    assert figure.axes[0].get_ylim()[1] > 0.9  # a named dyad is never cut off
    assert "3 years ahead, 495 cases" in words(figure)


def test_a_forecast_of_no_change_can_be_drawn():
    panel = {"horizon": 1, "predicted": np.zeros(50), "observed": np.linspace(-1, 1, 50)}
    assert not marked(hindcast.change([panel], outcome="distance", forecaster="persistence"), "tenths")


def test_a_fan_opens_from_what_was_on_record():
    years = np.arange(2005, 2014)
    record = {"Iran – Russia": (years, np.linspace(0, 0.4, 9)), "Cuba – Russia": (years, np.full(9, NAN))}
    rows = [
        {"dyad": "Iran – Russia", "origin": o, "horizon": h, "last": 0.2, "q05": 0.1 - h / 10, "q25": 0.15, "q50": 0.25,
         "q75": 0.3, "q95": 0.5 + h / 10}
        for o in (2008, 2010) for h in (3, 1)
    ]  # fmt: skip
    figure = hindcast.fans(record, rows, outcome="agreement", forecaster="consent", trained=2008)
    medians = marked(figure, "median")
    assert list(medians[0].get_xdata()) == [2008, 2009, 2011] and list(medians[0].get_ydata()) == [0.2, 0.25, 0.25]
    assert len(medians) == 2 and len({to_hex(m.get_color()) for m in medians}) == 2
    low, high = figure.axes[0].get_ylim()
    assert low < -0.2 and high > 0.8
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_figure_gives_the_same_bytes_and_describes_itself(rows, tmp_path, kind):
    once, again = (style.save(hindcast.skill(rows, source="x"), tmp_path / f"{k}.{kind}") for k in "ab")
    assert once.read_bytes() == again.read_bytes()
    assert b"CRPS skill" in once.read_bytes()
