"""`--set path=value` goes through the same schema as the file, and its errors name the argument."""

from __future__ import annotations

import builtins

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignsim.errors import AlignsimError, Exit, InvalidInput, UsageError
from alignsim.scenario import load_text
from alignsim.scenario.settings import apply

TEXT = """\
alignsim: 1
title: A scenario
world: small-2024
time: {start: 2024-10, end: 2025-12}
parameters: {sanctions.bite: 0.2}
branches:
  isolation:
    - {at: 2025-02, sanction: {by: USA, on: RUS, intensity: 0.9}}
claims:
  - {id: x, says: s, outcome: isolation of RUS at 2025-12, contrast: isolation against baseline, expect: increase}
"""


def after(*arguments: str):
    return apply(load_text(TEXT), arguments).scenario


def test_values_deep_in_the_file_can_be_set():
    s = after("runs=10", "branches.isolation[0].sanction.intensity=0.5", "parameters.sanctions.bite=0.3", "seed = 7")
    assert (s.runs.at_most, s.seed) == (10, 7)
    assert s.branches["isolation"][0].what.intensity == 0.5
    assert s.parameters["sanctions.bite"].value == 0.3


def test_keys_that_the_file_lacks_can_be_set():
    s = after("mechanisms.stigma=false", "parameters.arms.fear={low: 1, high: 2}", "focus=[[IRN, RUS]]")
    assert s.mechanisms == {"stigma": False}
    assert s.parameters["arms.fear"].high == 2
    assert s.focus == (("IRN", "RUS"),)


def test_the_same_setting_written_in_two_ways_is_the_same_scenario():
    assert after("branches.isolation[0].sanction.on=RUS") == after(
        "branches.isolation[0].sanction={by: USA, on: [RUS], intensity: 0.9}"
    )


def test_setting_nothing_changes_nothing_and_the_original_is_never_touched():
    document = load_text(TEXT)
    assert apply(document, []) is document
    apply(document, ["runs=3", "branches.isolation[0].at=2025-05"])
    assert document.scenario == load_text(TEXT).scenario
    assert document.data == load_text(TEXT).data


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("runz=10", r"runz: is not a known key; did you mean 'runs'\? \(from --set 'runz=10'\)"),
        ("runs=-1", r"runs: -1 is below the smallest allowed value, 1 \(from --set 'runs=-1'\)"),
        ("branches.isolation[0].sanction.intensity=1.4", r"1.4 is above the largest allowed value, 1 \(from --set"),
        ("branches.isolation[3].at=2025-01", r"leads nowhere: the last entry there is \[0\] \(from --set"),
        ("events[0].at=2025-01", r"leads nowhere: \[0\] is asked of something that is not a list"),
        ("title.words=x", r"leads nowhere: 'words' is asked of something that is not a mapping"),
        ("time.end=2024-01", r"time: ends \(2024-01\) before it has begun"),
        ("seed=", r"seed: has no value"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(argument, words):
    with pytest.raises(InvalidInput, match=words) as caught:
        after(argument)
    assert caught.value.code == Exit.INVALID


@pytest.mark.parametrize(
    "argument", ["runs", "=1", "[0]=1", "a..b=1", "a[=1", "parameters.=1", "runs=[1", "runs=&a [*a]", ""]
)
def test_what_is_not_path_and_value_is_wrong_usage(argument):
    with pytest.raises(UsageError, match="--set") as caught:
        after(argument)
    assert caught.value.code == Exit.USAGE


def test_all_wrong_settings_are_told_at_once():
    with pytest.raises(InvalidInput) as caught:
        after("runs=-1", "seed=x", "theory=ballance")
    assert len(caught.value.problems) == 3


def test_a_very_long_path_is_refused():
    with pytest.raises(UsageError):
        after("a" + ".a" * 5000 + "=1")


@settings(max_examples=400, deadline=None)
@given(
    st.text(alphabet=st.sampled_from(list("runseedtimbachola.[]0129_-'")), max_size=16),
    st.text(alphabet=st.sampled_from(list("abc019.-:,[]{}&*!'\"\n /")), max_size=16),
)
def test_any_argument_is_taken_or_refused_and_opens_no_file(path, value):
    def refuse(*args, **kwargs):
        raise AssertionError("a file was opened")

    kept = builtins.open
    builtins.open = refuse
    try:
        after(f"{path}={value}")
    except AlignsimError as error:
        assert error.code in (Exit.USAGE, Exit.INVALID)
    finally:
        builtins.open = kept


def test_a_parameter_without_its_prefix_is_told_how_to_write_it():
    with pytest.raises(InvalidInput, match=r"sanctions.bite: is a parameter; write parameters.sanctions.bite \(from"):
        after("sanctions.bite=0.3")
    with pytest.raises(InvalidInput, match="sanctions: is not a known key"):
        after("sanctions.bites=0.3")


def test_a_mapping_that_is_wrong_by_what_was_set_in_it_names_the_argument(tmp_path):
    from alignsim.scenario import load

    (tmp_path / "base.yaml").write_text(TEXT)
    (tmp_path / "child.yaml").write_text("alignsim: 1\nextends: base.yaml\n")
    with pytest.raises(InvalidInput, match=r"time: ends \(2024-01\) before .*\(from --set 'time.end=2024-01'\)"):
        apply(load(tmp_path / "child.yaml"), ["time.end=2024-01"])
