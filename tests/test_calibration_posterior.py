"""A posterior is written and read whole or refused by name, and runs draw its rows as one, wherever they are drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from alignsim.errors import FileProblem, InvalidInput
from alignsim.mechanisms.priors import Constant
from alignsim.mechanisms.registry import PARAMETERS
from alignsim.plan import posterior as posteriors
from alignsim.plan.draws import Belief, accepted
from alignsim.plan.posterior import CalibratedBelief, Fitted, Posterior
from alignsim.random import name_keys, uniforms

NAMES = ("evasion.weight", "consent.noise", "trust.gain")
STATES = ("IRN", "RUS", "USA")
ROWS = 40


def example() -> Posterior:
    u = uniforms(1, "test", np.arange(ROWS), name_keys([(n,) for n in NAMES]))
    values = [PARAMETERS[n].prior("sceptical").quantile(u[:, k]) for k, n in enumerate(NAMES)]
    about = {"data": "a toy", "years": "1992-2008", "seed": 1, "command": "alignsim calibrate", "date": "2025-01-01"}
    priors = tuple(str(PARAMETERS[n].prior("sceptical")) for n in NAMES)
    return Posterior(NAMES, np.stack(values, axis=1), "sceptical", priors, about)


def belief(**pinned: float) -> CalibratedBelief:
    priors = example().belief() | {path.replace("__", "."): Constant(value) for path, value in pinned.items()}
    return CalibratedBelief(priors, PARAMETERS, STATES, seed=7)


def rows_of(values: dict) -> list[int]:
    """Which row of the posterior each run has, by its first column; every column must agree."""
    table = example().values
    found = [int(np.flatnonzero(table[:, 0] == v)[0]) for v in values[NAMES[0]][:, 0, 0]]
    for k, name in enumerate(NAMES):
        assert values[name][:, 0, 0].tolist() == table[found, k].tolist()
    return found


# --- drawing ------------------------------------------------------------------------------------------------------


def test_a_run_takes_a_whole_row_and_every_row_is_taken_equally_often():
    rows = rows_of(belief().sample(np.arange(3 * ROWS), 0))
    assert np.bincount(rows).tolist() == [3] * ROWS
    for deck in range(3):
        assert sorted(rows[deck * ROWS : (deck + 1) * ROWS]) == list(range(ROWS))
    assert rows[:ROWS] != rows[ROWS : 2 * ROWS]
    assert rows[:ROWS] != list(range(ROWS))


def test_a_run_has_the_same_row_whatever_the_batch_it_is_drawn_in():
    whole = belief().sample(np.arange(100), 0)
    some = np.array([97, 3, 41, 40])
    for path, drawn in belief().sample(some, 0).items():
        assert np.array_equal(drawn, whole[path][some]), path


def test_another_seed_deals_other_rows():
    assert rows_of(belief().sample(np.arange(ROWS), 0)) != rows_of(replace(belief(), seed=8).sample(np.arange(ROWS), 0))


def test_what_was_not_fitted_keeps_the_prior_of_the_family_and_its_draws():
    runs = np.arange(50)
    family = {path: p.prior("sceptical") for path, p in PARAMETERS.items()}
    expected = Belief(family, PARAMETERS, STATES, 7).sample(runs, 0)
    for path, drawn in belief().sample(runs, 0).items():
        assert drawn.shape == expected[path].shape, path
        assert np.array_equal(drawn, expected[path]) == (path not in NAMES), path


def test_what_a_scenario_pins_stays_pinned_and_the_other_columns_stay_together():
    values = belief(consent__noise=0.0).sample(np.arange(20), 0)
    assert not values["consent.noise"].any()
    assert values[NAMES[2]].tolist() == belief().sample(np.arange(20), 0)[NAMES[2]].tolist()


def test_a_rejected_run_takes_another_row_addressed_by_run_and_attempt():
    """The loop gain stands for one parameter here: rows with a low one are refused."""
    limit = float(np.median(example().values[:, 1]))

    def gain(runs: np.ndarray, values: dict) -> np.ndarray:
        return values["consent.noise"][:, 0, 0].copy()

    whole = accepted(belief(), np.arange(200), gain, limit)
    assert (whole.values["consent.noise"] < limit).all()
    assert whole.attempts.max() > 1
    assert np.bincount(rows_of(whole.values), minlength=ROWS).max() < 25
    some = np.array([150, 8, 9])
    again = accepted(belief(), some, gain, limit)
    assert rows_of(again.values) == [rows_of(whole.values)[r] for r in some]
    assert again.attempts.tolist() == whole.attempts[some].tolist()


def test_without_a_posterior_the_draws_are_those_of_the_prior():
    family = {path: p.prior("signed") for path, p in PARAMETERS.items()}
    runs = np.arange(10)
    expected = Belief(family, PARAMETERS, STATES, 3).sample(runs, 1)
    for path, drawn in CalibratedBelief(family, PARAMETERS, STATES, 3).sample(runs, 1).items():
        assert np.array_equal(drawn, expected[path])


def test_a_column_alone_is_a_distribution():
    column = Fitted((0.3, 0.1, 0.2, 0.4))
    assert column.quantile(np.array([0.0, 0.5, 1.0])) == pytest.approx([0.1, 0.25, 0.4])
    assert column.cdf(0.25) == 0.5
    cut = column.quantile(np.array([0.01, 0.99]), low=0.15, high=0.35)  # the shares between 0.25 and 0.75
    assert cut == pytest.approx([0.1765, 0.3235])
    assert str(column) == "posterior(4 rows)"


# --- files --------------------------------------------------------------------------------------------------------


def test_a_posterior_is_read_as_it_was_written(tmp_path: Path):
    written = example()
    found = posteriors.read(posteriors.write(written, tmp_path / "new" / "folder"))
    assert found.names == written.names
    assert found.values == pytest.approx(written.values, rel=1e-5)
    assert (found.family, found.priors) == (written.family, written.priors)
    assert found.provenance == {key: str(value) for key, value in written.provenance.items()}
    posteriors.write(found, tmp_path / "again")
    assert (tmp_path / "again" / "posterior.csv").read_bytes() == (tmp_path / "new/folder/posterior.csv").read_bytes()


def spoilt(folder: Path, table: dict[int, str] | None = None, keep_hash: bool = False, **about: object) -> str:
    """The refusal of an example whose lines or provenance are changed; None removes an entry."""
    posteriors.write(example(), folder)
    lines = (folder / "posterior.csv").read_text().splitlines()
    for number, line in (table or {}).items():
        lines[number - 1] = line
    text = "\n".join(lines) + "\n"
    (folder / "posterior.csv").write_text(text)
    note = yaml.safe_load((folder / "provenance.yaml").read_text())
    note |= {} if keep_hash else {"hash": posteriors._hash(text)}
    note = {key: value for key, value in (note | about).items() if value is not None}
    (folder / "provenance.yaml").write_text(yaml.safe_dump(note))
    with pytest.raises(InvalidInput) as refusal:
        posteriors.read(folder)
    assert refusal.value.code == 3
    return str(refusal.value)


@pytest.mark.parametrize(
    ("table", "messages"),
    [
        ({1: "evasion.wieght,consent.noise,trust.gain"}, ["1:1  posterior.csv: evasion.wieght", "'evasion.weight'"]),
        ({1: "evasion.weight,evasion.weight,trust.gain"}, ["1:2  posterior.csv: evasion.weight: has two columns"]),
        ({1: "evasion.weight,consent.noise,positions.defiance"}, ["1:3  posterior.csv: positions.defiance: differs"]),
        ({3: "0.1,0.2"}, ["3:2  posterior.csv: has 2 cells, the header has 3"]),
        ({5: "0.1,much,0.1", 9: "0.1,,0.1"}, ["5:2  posterior.csv: consent.noise: 'much'", "9:2  posterior.csv"]),
        ({4: "1.6,0.1,0.1"}, ["4:1  posterior.csv: evasion.weight: 1.6 is outside -1.5 to 1.5"]),
        ({4: "nan,0.1,inf"}, ["4:1  posterior.csv: evasion.weight: nan", "4:3  posterior.csv: trust.gain: inf"]),
    ],
)  # fmt: skip
def test_a_spoilt_table_is_refused_with_line_and_column(tmp_path: Path, table: dict[int, str], messages: list[str]):
    refusal = spoilt(tmp_path, table)
    for message in messages:
        assert message in refusal


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"family": "hopeful"}, "provenance.yaml: family: 'hopeful' is not signed or sceptical"),
        ({"date": None}, "provenance.yaml: date: is missing: a posterior says where it comes from"),
        ({"priors": {"evasion.weight": "normal(0, 0.25)"}}, "provenance.yaml: priors.consent.noise: is missing"),
        ({"priors": "many"}, "provenance.yaml: priors.trust.gain: is missing"),
        (
            {"family": "signed"},
            "was fitted from normal(0, 0.25), and the signed prior is now half-normal(0.25): calibrate",
        ),
    ],
)
def test_a_spoilt_provenance_is_refused_by_name(tmp_path: Path, about: dict, message: str):
    assert message in spoilt(tmp_path, None, False, **about)


def test_a_table_that_was_edited_is_refused(tmp_path: Path):
    assert "posterior.csv is not the table this describes" in spoilt(tmp_path, {4: "0.1,0.1,0.1"}, keep_hash=True)


def test_a_table_of_a_few_rows_is_refused(tmp_path: Path):
    small = replace(example(), values=example().values[:5])
    with pytest.raises(InvalidInput, match="has 5 rows; a posterior has 20 to 10000"):
        posteriors.read(posteriors.write(small, tmp_path))


def test_what_is_no_posterior_is_said_with_the_way_out(tmp_path: Path):
    with pytest.raises(FileProblem, match=r"is no posterior: posterior.csv: No such file.*`alignsim calibrate`"):
        posteriors.read(tmp_path)
    posteriors.write(example(), tmp_path)
    (tmp_path / "provenance.yaml").write_text("family: [signed\n")
    with pytest.raises(InvalidInput, match=r"2:1  provenance.yaml: is not YAML"):
        posteriors.read(tmp_path)
    (tmp_path / "provenance.yaml").write_text("- signed\n")
    with pytest.raises(InvalidInput, match="is not a mapping"):
        posteriors.read(tmp_path)
    (tmp_path / "posterior.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileProblem, match="is not UTF-8"):
        posteriors.read(tmp_path)
