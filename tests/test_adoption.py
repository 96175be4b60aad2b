"""A motive of the user's own: taken into the model whole, refused with the way out, and gone without a trace."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import alignsim
from alignsim.errors import InvalidInput, UsageError
from alignsim.mechanisms import adoption
from alignsim.mechanisms.parameters import BaseParams
from alignsim.mechanisms.registry import GROUPS, MECHANISMS, MOTIVES, PARAMETERS, SWITCHES
from alignsim.mechanisms.weights import reference, weight
from small_runs import scenario

FILE = '''
"""Fatigue of the sanctioned: a state under pressure wants less of every tie."""

from alignsim.mechanisms.parameters import BaseParams
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    weight = weight("fatigue")
    reference = reference(0.5, "isolation")


def motive(scene, p):
    return -scene.isolation[:, :, None] * (scene.friends >= 0)
'''
STRONG = "parameters.fatigue.weight=0.4"


class Sameness:
    """Nothing at all, said of every pair."""

    class Params(BaseParams):
        weight = weight("nothing")
        reference = reference(1.0, "nothing")

    @staticmethod
    def motive(scene, p):
        return np.zeros_like(scene.friends)


@pytest.fixture
def clean() -> Iterator[None]:
    """Whatever a test adopts is released."""
    yield
    for name in list(adoption.adopted()):
        alignsim.release(name)


@pytest.fixture
def fatigue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: None) -> Iterator[str]:
    """A motive in a file of its own, adopted."""
    (tmp_path / "fatigue.py").write_text(FILE)
    monkeypatch.syspath_prepend(str(tmp_path))
    import fatigue

    yield alignsim.adopt(fatigue, group="fear")
    del sys.modules["fatigue"]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenario(tmp_path_factory.mktemp("adoption"))


def test_an_adopted_motive_acts_and_is_recorded(file: Path, fatigue: str) -> None:
    without = alignsim.run(file, jobs=1, set=["mechanisms.fatigue=false"])
    tired = alignsim.run(file, jobs=1, set=[STRONG])
    change = (tired.data.alignment - without.data.alignment).sel(branch="isolation", dyad="IRN-RUS").isel(time=-1)
    assert float(change.max()) < 0
    assert "fatigue" in tired.data.motive.values
    assert set(tired.data.parameter_value.sel(parameter="fatigue.weight").values) == {0.4}
    assert list(tired.manifest["adopted"]) == ["fatigue"] and len(tired.manifest["adopted"]["fatigue"]) == 64


def test_a_motive_of_no_weight_changes_no_byte(file: Path, clean: None) -> None:
    before = alignsim.run(file, jobs=1).data
    alignsim.adopt(Sameness, "sameness")
    after = alignsim.run(file, jobs=1, set=["parameters.sameness.weight=0"]).data
    assert np.array_equal(before.alignment, after.alignment)
    assert np.array_equal(before.parameter_value, after.parameter_value.sel(parameter=before.parameter))


def test_its_weight_is_drawn_from_the_belief_and_no_other_draw_moves(file: Path, clean: None) -> None:
    before = alignsim.run(file, jobs=1).data
    alignsim.adopt(Sameness, "sameness")
    after = alignsim.run(file, jobs=1).data
    assert len(set(after.parameter_value.sel(parameter="sameness.weight").values)) == 6
    as_often = before.attempts.values == after.attempts.values
    one, other = (side.parameter_value.sel(parameter="evasion.weight").values for side in (before, after))
    assert as_often.any() and np.array_equal(one[as_often], other[as_often])


def test_other_processes_know_a_motive_that_is_in_a_file(file: Path, fatigue: str) -> None:
    alone, together = (alignsim.run(file, runs=70, jobs=jobs, set=[STRONG]).data for jobs in (1, 2))
    assert alone.identical(together)


def test_a_motive_of_the_session_is_refused_to_other_processes(file: Path, clean: None) -> None:
    alignsim.adopt(Sameness, "sameness")
    with pytest.raises(UsageError, match="jobs=1"):
        alignsim.run(file, runs=70, jobs=2)


def test_what_is_released_is_gone_everywhere(file: Path, fatigue: str) -> None:
    assert "fatigue" in GROUPS["fear"]
    alignsim.release("fatigue")
    for known in (MOTIVES, MECHANISMS, SWITCHES, GROUPS["fear"], {path.split(".")[0] for path in PARAMETERS}):
        assert "fatigue" not in known
    with pytest.raises(InvalidInput, match="not a known parameter"):
        alignsim.run(file, jobs=1, set=[STRONG])


class NoParams:
    motive = Sameness.motive


class NoReference(Sameness):
    class Params(BaseParams):
        weight = weight("nothing")


class NoMotive:
    Params = Sameness.Params


@pytest.mark.parametrize(
    ("module", "name", "group", "words"),
    [
        (Sameness, "trade", "", "there is a mechanism 'trade' already; choose another name"),
        (Sameness, "not a name", "", "cannot name a mechanism"),
        (Sameness, "sameness", "feer", "did you mean 'fear'"),
        (NoParams, "sameness", "", "has no class `Params"),
        (NoReference, "sameness", "", "lacks reference"),
        (NoMotive, "sameness", "", "has no function `motive"),
    ],
)
def test_what_is_no_motive_is_refused_and_nothing_is_changed(
    module: object, name: str, group: str, words: str, clean: None
) -> None:
    before = set(MECHANISMS), set(PARAMETERS), dict(GROUPS)
    with pytest.raises(UsageError, match=words):
        alignsim.adopt(module, name, group)
    assert before == (set(MECHANISMS), set(PARAMETERS), dict(GROUPS)) and not adoption.adopted()


def test_adopting_twice_names_the_way_out(clean: None) -> None:
    alignsim.adopt(Sameness, "sameness")
    with pytest.raises(UsageError, match=r"release\('sameness'\)"):
        alignsim.adopt(Sameness, "sameness")
    alignsim.release("sameness")
    with pytest.raises(UsageError, match="no mechanism 'sameness' was adopted"):
        alignsim.release("sameness")
