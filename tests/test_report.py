"""The report: everything that was found is on the page, nothing else gets in, and it is one file that fits a phone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from copy import deepcopy
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

from alignsim.cli import group
from alignsim.errors import FileProblem
from alignsim.show import report, verdicts
from alignsim.show.report import cleaned, embedded, read_judgement, render, write_report
from headless import CHROMIUM, chromium
from synthetic_judgement import MONTHS, judgement, with_every_text

HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&lt;"
    "\u202eevil\u202c\u2066\u200b\x1b[31mred\x1b[0m\x00{{ 7*7 }}"
)
HARMLESS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&lt;evilred{{ 7*7 }}"
ALLOWED = """
    html head meta title style body header main section h1 h2 h3 p ul li div span strong a blockquote br figure
    figcaption table caption thead tbody tr th td pre code img svg defs g path use clippath rect pattern
"""


class Parsed(HTMLParser):
    """Elements and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


@pytest.fixture(scope="module")
def page() -> str:
    return render(judgement())


@pytest.fixture(scope="module")
def hostile() -> str:
    return render(with_every_text(judgement(calibrated=True), lambda text: text + HOSTILE))


def test_a_report_tells_in_order_the_sentence_figure_verdicts_reasons_failures_reversal_assumptions_and_command():
    text = render(judgement(1))
    order = [
        "their ties probably deepen", "<svg", "Verdict under each belief", "under every theory and belief",
        "What does it", "Where it fails", "Does it come undone?", "What was assumed", "How to rerun",
        "alignsim judge scenarios/isolation.yaml --runs 400", "What this does not show",
    ]  # fmt: skip
    places = [text.find(words) for words in order]
    assert -1 not in places
    assert places == sorted(places)


def test_every_number_of_a_verdict_is_in_its_table(page):
    said = judgement()["claims"][0]["beliefs"]["signed"]
    text = Parsed(page).text
    assert f"{said['effect']['q50']:+.3f}" in text
    for name in ("above", "within", "below_minus"):
        low, high = said["wilson"][name]
        assert f"{said['probabilities'][name]:.0%} {low * 100:.0f}–{high * 100:.0f}%" in text
    assert "about 1,200 more runs would decide it" in text


def test_many_claims_have_a_table_of_verdicts_first_that_links_to_each_section(page):
    parsed = Parsed(page)
    links = [value for value in parsed.values("href") if value.startswith("#claim-")]
    assert links == ["#claim-1", "#claim-2", "#claim-3"]
    assert {link[1:] for link in links} <= set(parsed.values("id"))
    assert page.index('href="#claim-3"') < page.index('id="claim-1"')
    assert "#claim-" not in " ".join(Parsed(render(judgement(1))).values("href"))


def test_a_claim_that_is_not_testable_says_why_and_shows_no_number(page):
    section = page[page.index('id="claim-3"') : page.index('id="assumed"')]
    assert "observes the course of modern warfare" in section
    assert "<svg" not in section and "<table" not in section


def test_parameters_that_rest_on_expert_judgement_are_marked_and_only_they(page):
    rows = re.findall(r"<tr><th class=\"path\">(.*?)</tr>", page[page.index('id="assumed"') :], re.DOTALL)
    marked = {row.split("<")[0]: ">expert judgement<" in row for row in rows[:3]}
    assert marked == {"sanctions: bite": False, "secondary sanctions: chill": True, "substitution: china share": True}


def test_a_page_says_that_it_is_uncalibrated_until_there_is_a_posterior(page):
    assert page.count("Uncalibrated: theory, not evidence.") == 2
    assert "Uncalibrated" not in render(judgement(calibrated=True))


def test_no_text_field_can_bring_an_element_an_attribute_or_a_script(hostile):
    parsed = Parsed(hostile)
    assert set(parsed.tags) <= set(ALLOWED.split())
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on") or name in ("srcdoc", "formaction")]
    assert all(tag in ("svg", "use", "a") or name != "href" for tag, name, _ in parsed.attributes)
    assert all(value.startswith("#") for value in parsed.values("href") + parsed.values("xlink:href"))
    kinds = {value for name in parsed.values("class") for value in name.split()}
    assert not [kind for kind in kinds if not re.fullmatch(r"[a-z-]+", kind)]
    assert "49" not in re.findall(r"evilred(.{0,4})", hostile)


def test_every_text_field_arrives_readable_and_without_control_characters(hostile):
    text = Parsed(hostile).text
    assert text.count(HARMLESS) > 80
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", hostile)
    for words in ("Assad falls", "Wall Street Journal, 6 October 2024; denied", ", 0.1 to 0.8"):
        assert words + HARMLESS in text


def test_names_of_beliefs_are_escaped_too():
    made = judgement(1)
    beliefs = made["claims"][0]["beliefs"]
    beliefs["<b>bold</b>\u202e"] = beliefs.pop("sceptical")
    assert "&lt;b&gt;bold&lt;/b&gt;" in render(made) and "<b>" not in render(made)


def test_a_page_asks_for_nothing_from_outside(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy and policy[1].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", page)


def test_figures_say_what_they_are_and_share_no_id(page):
    parsed = Parsed(page)
    assert parsed.tags.count("svg") == 6 + 2
    assert all(parsed.values("aria-label"))
    ids = parsed.values("id")
    assert len(ids) == len(set(ids))
    used = re.findall(r'(?:href="#|url\(#)([^")]+)', page)
    assert set(used) <= set(ids)


def test_a_page_has_the_same_bytes_every_time(tmp_path):
    first, second = (write_report(judgement(1), None, tmp_path / name) for name in ("a.html", "b.html"))
    assert first.read_bytes() == second.read_bytes()


def test_a_large_figure_becomes_a_picture(monkeypatch):
    claim = judgement(1)["claims"][0]
    assert str(embedded(verdicts.peeling(claim), "x-", 'a "b"')).startswith("<svg")
    monkeypatch.setattr(report, "LARGEST_SVG", 1_000)
    assert str(embedded(verdicts.peeling(claim), "x-", 'a "b"')).startswith(
        '<img alt="a &#34;b&#34;" src="data:image/png;base64,'
    )


def test_what_is_missing_is_left_out_and_not_invented():
    made = judgement(1)
    for key in ("path", "attribution", "failure", "reverse", "dose", "note", "source"):
        made["claims"][0][key] = None
    made["claims"][0]["rivals"] = []
    made["assumed"] = None
    text = Parsed(render(made)).text
    for words in ("What does it", "Where it fails", "come undone", "More of it", "Events", "None", "nan"):
        assert words not in text


def test_a_theory_that_is_silent_has_a_row_and_no_mark():
    claim = deepcopy(judgement(1)["claims"][0])
    claim["rivals"][0] |= {"effect": dict.fromkeys(("q05", "q25", "q50", "q75", "q95")), "verdict": "not testable"}
    assert verdicts.specifications(claim)[-1].theory == "balance"
    axes = verdicts.specification_curve(claim).axes[0]
    marks = [line for line in axes.lines if line.get_gid() == "median"]
    assert sum(np.isfinite(line.get_xdata()).all() for line in marks) == len(marks) - 1 == 5
    assert axes.get_xlim()[1] > 0.3


# --- figures


def test_specifications_are_ordered_by_effect_and_named_by_theory_and_belief():
    claim = judgement(1)["claims"][0]
    rows = verdicts.specifications(claim)
    assert len(rows) == len(claim["beliefs"]) + len(claim["rivals"])
    assert [row.middle for row in rows] == sorted((row.middle for row in rows), reverse=True)
    assert rows[0].name == "one-coefficient · signed"


def test_the_path_marks_only_events_of_the_branches_it_compares():
    made = judgement(1)
    marks = verdicts.markers(made["assumed"]["events"], made["claims"][0])
    assert [mark.number for mark in marks] == [1, 2, 3, 4]
    assert [mark.words for mark in marks][-1] == "The West isolates both"
    axes = verdicts.effect_path(made["claims"][0], marks).axes[0]
    (lines,) = [drawn for drawn in axes.collections if drawn.get_gid() == "events"]
    assert len(lines.get_segments()) == 4


def test_an_event_without_a_month_is_listed_and_not_drawn():
    made = judgement(1)
    made["assumed"]["events"].append({"at": "some day", "label": "A surprise", "branch": None, "probability": 1.0})
    assert "A surprise" in render(made)
    assert len(verdicts.markers(made["assumed"]["events"], made["claims"][0])) == 4


def test_attribution_bars_are_the_shapley_values_and_their_sum():
    said = judgement(1)["claims"][0]
    axes = verdicts.attribution(said).axes[0]
    widths = sorted(bar.get_width() for bar in axes.patches)
    shares = [group["shapley"] for group in said["attribution"]["groups"]]
    assert widths == pytest.approx(sorted([*shares, sum(shares)]))


def test_a_box_stands_where_its_limits_are_and_open_sides_reach_the_edge():
    axes = verdicts.failure_region(judgement(1)["claims"][0]).axes[0]
    (box,) = [line for line in axes.lines if line.get_gid() == "box"]
    x, y = box.get_xdata(), box.get_ydata()
    assert min(x) == 0.6 and max(y) == 0.5
    assert max(x) > 1.0 and min(y) < 0.0


def test_a_box_that_limits_neither_parameter_is_not_drawn():
    claim = judgement(1)["claims"][0]
    claim["failure"]["points"]["parameters"] = ["trust.memory", "trade.rerouting"]
    assert not [line for line in verdicts.failure_region(claim).axes[0].lines if line.get_gid() == "box"]


def test_the_threshold_of_a_dose_is_drawn_where_it_is_and_not_where_there_is_none():
    claim = judgement()["claims"][1]
    (line,) = [line for line in verdicts.dose_response(claim).axes[0].lines if line.get_gid() == "threshold"]
    assert line.get_xdata()[0] == 0.34
    claim["dose"]["signed"]["threshold"] = None
    assert not [line for line in verdicts.dose_response(claim).axes[0].lines if line.get_gid() == "threshold"]


def test_a_reversal_is_drawn_from_the_month_in_which_the_paths_part():
    claim = judgement(1)["claims"][0]
    medians = [line for line in verdicts.reverse_test(claim).axes[0].lines if line.get_gid() == "median"]
    assert [len(line.get_xdata()) for line in medians] == [len(MONTHS), len(MONTHS) - 34]


def test_the_figures_of_a_claim_have_readable_text_and_named_axes():
    made = judgement()
    one, two = made["claims"][:2]
    drawn = [
        verdicts.specification_curve(one), verdicts.effect_path(one), verdicts.attribution(one),
        verdicts.reverse_test(one), verdicts.failure_region(one), verdicts.peeling(one), verdicts.dose_response(two),
    ]  # fmt: skip
    for figure in drawn:
        assert figure.get_size_inches()[0] == verdicts.WIDE
        axes = figure.axes[-1]
        assert axes.get_xlabel() or axes.get_ylabel()
        sizes = [text.get_size() for ax in figure.axes for text in ax.texts] + [
            text.get_size() for text in figure.texts
        ]
        assert all(size >= 8 for size in sizes)


# --- words and numbers


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.05, "+0.050"),
        (-0.05, "−0.050"),
        (0, "0.000"),
        (-1e-9, "0.000"),
        (None, "–"),
        (float("nan"), "–"),
        (True, "–"),
    ],
)
def test_effects_are_written_with_their_sign(value, words):
    assert report.signed(value) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "0%"), (0.001, "<1%"), (0.62, "62%"), (0.997, ">99%"), (1.0, "100%"), (None, "–")]
)
def test_shares_do_not_claim_a_certainty_that_rounding_made(value, words):
    assert report.share(value) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\x1b[1;31mb\x1b[0mc", "abc"), ("a\x1b]8;;http://x\x07link\x1b]8;;\x07", "alink"),
        ("one\ntwo\u2028three", "one two three"),
        ("\u202eabc\u2069", "abc"), ("\ud800x", "x"), ("می\u200cخواهم", "می\u200cخواهم"),
        ("Türkiye – naïve 中", "Türkiye – naïve 中"),
    ],
)  # fmt: skip
def test_cleaning_takes_control_and_direction_characters_and_leaves_every_script(text, words):
    assert cleaned({"k": [text]}) == {"k": [words]}


def test_a_name_in_a_script_without_a_glyph_is_drawn_and_shown():
    made = judgement(1)
    made["claims"][0]["attribution"]["groups"][0]["name"] = "威胁"
    assert "威胁" in render(made)


def test_a_verdict_that_is_no_word_of_ours_is_shown_without_a_style_of_its_own():
    made = judgement(1)
    made["claims"][0]["verdict"] = 'refuted" onclick="x'
    text = render(made)
    assert 'class="verdict unknown">refuted&#34; onclick=&#34;x<' in text


# --- files and the command


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import sys; from alignsim.cli import main; main(sys.argv[1:])", "report", *arguments],
        capture_output=True, text=True,
    )  # fmt: skip


def test_the_command_rebuilds_the_page_from_the_folder(tmp_path):
    (tmp_path / "judgement.json").write_text(json.dumps(judgement()), encoding="utf-8")
    done = _run(str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tmp_path / 'report.html'}\n", "")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render(judgement())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["judgement.json", "report.html"]


def test_the_figures_of_the_runs_are_shown_where_the_results_are(tmp_path):
    import synthetic

    text = render(judgement(1), synthetic.results(runs=8, months=24))
    assert "The runs themselves" in text and "Alignment in every branch" in text
    only = synthetic.results(runs=8, months=24).drop_vars(["motive_share", "arms"])
    text = render(judgement(1), only)
    assert "Alignment in every branch" in text and "Why the first tie moves" not in text


def test_the_command_shows_the_page_when_asked(tmp_path, monkeypatch):
    import webbrowser

    shown = []
    monkeypatch.setattr(webbrowser, "open", shown.append)
    (tmp_path / "judgement.json").write_text(json.dumps(judgement(1)), encoding="utf-8")
    assert CliRunner().invoke(group, ["report", str(tmp_path), "--open"]).exit_code == 0
    assert shown == [(tmp_path / "report.html").resolve().as_uri()]


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', "{}", '{"claims": 3}', '{"claims": [1]}', "[" * 100_000])
def test_a_file_that_is_no_judgement_is_refused_with_the_way_out(tmp_path, content):
    (tmp_path / "judgement.json").write_text(content, encoding="utf-8")
    with pytest.raises(FileProblem, match="`alignsim judge` writes it anew"):
        read_judgement(tmp_path)


@pytest.mark.parametrize(
    "breaking",
    [
        {"beliefs": {"signed": 3}}, {"beliefs": {"signed": {}}}, {"path": {"months": ["x"], "signed": {"q50": [1]}}},
        {"attribution": {"groups": 1}}, {"failure": {"points": {"x": "a"}}}, {"dose": {"levels": [0, 1], "signed": 3}},
        {"dose": {"levels": [0, 1], "signed": None}}, {"why": [[[]]], "margin": {}},
        {"rivals": [None]},
    ],
)  # fmt: skip
def test_a_judgement_that_cannot_be_shown_is_a_problem_of_the_file_and_leaves_no_page(tmp_path, breaking):
    made = judgement(1)
    made["claims"][0] |= breaking
    with pytest.raises(FileProblem, match="cannot be shown"):
        write_report(made, None, tmp_path / "report.html")
    assert not list(tmp_path.iterdir())


def test_a_folder_without_a_judgement_is_told_and_exits_with_4(tmp_path):
    done = _run(str(tmp_path))
    assert done.returncode == 4
    assert "has no judgement.json; `alignsim judge SCENARIO` writes such a folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_is_listed_with_its_help():
    assert "report" in group.list_commands(None)


# --- in a browser


def test_the_gates_are_told_with_their_result_and_details():
    made = judgement(1)
    made["gates"] = {
        "G1": {"passes": True, "says": "nothing is built in", "details": [], "numbers": {}},
        "G2": {"passes": False, "says": "a sign", "details": ["x: P(effect > 0) = 0.90"], "numbers": {"x": 0.9}},
        "G6": {"passes": None, "says": "no posterior yet", "details": [], "numbers": {}},
    }
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", render(made)))
    assert "G1 passes: nothing is built in" in text
    assert "G2 fails: a sign x: P(effect &gt; 0) = 0.90" in text
    assert "G6 is open: no posterior yet" in text


def test_an_effect_that_was_taken_apart_already_is_not_taken_apart_again():
    made = judgement(2)
    made["claims"][1]["attribution"] = made["claims"][0]["attribution"]
    text = render(made)
    assert text.count("Shapley values: what each group") == 1
    assert 'The same branches as in <a href="#claim-1">' in text


def test_what_stands_out_nowhere_is_said_once():
    made = judgement(2)
    for claim in made["claims"]:
        claim["failure"] = {"fails_share": 0.5, "boxes": [], "trajectory": [], "points": None, "words": "Nowhere."}
    text = render(made)
    ids = ", ".join(claim["id"] for claim in made["claims"])
    assert "Where it fails" not in text and "Nowhere." not in text
    assert text.count(f"No region of the parameters stands out in which {ids} fail.") == 1


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with chromium(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture(scope="module", params=["", HOSTILE, "m" * 300], ids=["plain", "hostile", "long"])
def written(request, tmp_path_factory):
    made = with_every_text(judgement(), lambda words: words + request.param)
    return write_report(made, None, tmp_path_factory.mktemp("page") / "report.html")


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_a_page_fits_its_screen_asks_for_nothing_and_says_nothing_to_the_console(browser, written, width):
    browser.open(written, width)
    assert browser.value("document.documentElement.scrollWidth <= innerWidth")
    assert browser.value("document.querySelectorAll('svg').length") == 8
    assert browser.value("[...document.querySelectorAll('svg')].every(s => s.getBoundingClientRect().height > 60)")
    assert browser.value("document.querySelectorAll('script, img, iframe').length") == 0
    assert browser.requests == [written.resolve().as_uri()]
    assert browser.complaints == []


def test_the_browser_of_these_tests_would_notice_a_script_a_request_and_a_wide_page(browser, tmp_path):
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<p style='width:3000px'>x</p><script>console.error('seen')</script><img src='http://example.invalid/'>"
    )
    browser.open(bad, 390)
    assert not browser.value("document.documentElement.scrollWidth <= 390")
    assert any("seen" in words for words in browser.complaints)
    assert any("example.invalid" in address for address in browser.requests)
