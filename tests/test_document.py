"""Reading: YAML 1.2 with positions, hard limits, and one file extending another."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alignsim.errors import AlignsimError, FileProblem, InvalidInput
from alignsim.scenario import load, load_text
from alignsim.scenario.parsing import MAX_ALIASED, parse

OTHER_READER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
ALPHA_2 = re.findall(
    r"[A-Z]{2}",
    """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """,
)

PARENT = """\
alignsim: 1
title: The parent
world: small-2024
time: {start: 2024-10, end: 2025-12}
groups: {pair: [IRN, RUS]}
parameters: {sanctions: {bite: 0.2, hostility: 0.3}}
events:
  - {at: 2024-11, treaty: {of: pair}}
branches:
  isolation:
    - {at: 2025-02, sanction: {by: USA, on: pair}}
claims:
  - {id: a, says: x, testable: false, why: y}
  - {id: b, says: x, testable: false, why: y}
"""


def value(text: str):
    root, problems = parse(f"k: {text}", "test")
    assert problems == []
    return root.plain()["k"]


def test_every_country_code_is_text_norway_included():
    assert len(ALPHA_2) == 249
    assert [value(code) for code in ALPHA_2] == ALPHA_2


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("y", "y"),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("1e-3", 0.001),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("+5", 5),
        (".5", 0.5),
        ("12:30:00", "12:30:00"),
        ("2024-10", "2024-10"),
        ("2024-12-08", "2024-12-08"),
        ("1_000", "1_000"),
        ("true", True),
        ("~", None),
        ("null", None),
        ("'1'", "1"),
        ("=", "="),
    ],
)
def test_plain_values_mean_what_yaml_1_2_says(text, meaning):
    assert value(text) == meaning
    assert type(value(text)) is type(meaning)


def test_every_value_and_key_knows_its_line_and_column():
    document, line = load_text(PARENT), PARENT.splitlines()[10]
    assert document.place(("branches", "isolation", 0, "sanction", "on")) == (11, line.index("pair") + 1)
    assert document.place(("branches", "isolation", 0, "sanction", "on"), key=True) == (11, line.index("on: pair") + 1)
    assert document.place(("parameters", "sanctions.hostility")) == (6, 48)


def test_an_absent_path_is_placed_at_what_surrounds_it():
    assert load_text(PARENT).place(("events", 0, "treaty", "strength")) == (8, 27)


def test_a_control_character_written_as_an_escape_is_refused_too():
    _, problems = parse('a: "\\x1b[31mred"\n', "test")
    assert [str(p) for p in problems] == ["1:4  holds the character U+001B, which is not allowed"]


def test_an_alias_stands_for_its_value():
    root, problems = parse("a: &x {k: [1, 2]}\nb: *x\n", "test")
    assert problems == []
    assert root.plain() == {"a": {"k": [1, 2]}, "b": {"k": [1, 2]}}


BOMBS = {
    "laughs": "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"a{k}: &a{k} [{','.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 12)),
    "quadratic": "a: &a [" + "x," * 5000 + "]\nb: [" + "*a," * 5000 + "]\n",
    "deep flow": "[" * 100_000,
    "deep mapping": "a: " + "{a: " * 100_000,
    "deep block": "- " * 100_000,
    "deep by alias": "".join(f"a{k}: &a{k} [{f'*a{k - 1}' if k else 1}]\n" for k in range(40)),
    "long text": "a: " + "x" * 4_900_000,
    "long quoted text": "a: '" + "x" * 4_900_000 + "'",
    "long number": "a: " + "1" * 90_000,
    "long key": f"{'x' * 900}: 1",
    "merge": "a: &a {x: 1}\n" + "".join(f"b{k}: &b{k} {{<<: [*a, *a]}}\n" for k in range(50)),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs the memory's high-water mark from /proc")
def test_bombs_are_refused_at_once_and_in_little_memory():
    program = """
import json, re, sys, time
from alignsim.errors import InvalidInput
from alignsim.scenario.parsing import parse
told = {}
for name, text in json.load(sys.stdin).items():
    began = time.perf_counter()
    try:
        refused = bool(parse(text, name)[1])
    except InvalidInput:
        refused = True
    told[name] = [refused, time.perf_counter() - began]
# ru_maxrss would count the process that started this one; the high-water mark of /proc begins with the program
peak = re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())
print(json.dumps([told, int(peak[1])]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(BOMBS), capture_output=True, text=True, timeout=60, check=True
    )
    told, kilobytes = json.loads(done.stdout)
    assert all(refused for refused, _ in told.values()), told
    assert max(seconds for _, seconds in told.values()) < 1.0, told
    assert kilobytes < 200_000


def test_half_a_million_values_are_refused():
    with pytest.raises(InvalidInput, match="more than 500,000 values"):
        parse("[" + "1," * 600_000 + "]", "test")


def test_aliases_may_stand_for_a_few_values_but_not_for_too_many():
    few = "a: &a [" + "x," * 99 + "]\nb: [" + "*a," * 100 + "]\n"
    assert len(parse(few, "test")[0].plain()["b"]) == 100
    many = few.replace("*a," * 100, "*a," * (MAX_ALIASED // 100 + 1))
    with pytest.raises(InvalidInput, match="aliases stand for more"):
        parse(many, "test")


def test_a_file_beyond_the_size_limit_is_refused_unread(tmp_path):
    file = tmp_path / "large.yaml"
    file.write_bytes(b"# " + b"x" * 5_000_000)
    with pytest.raises(InvalidInput, match="larger than 5 MB"):
        load(file)


def test_a_file_in_another_encoding_is_refused_with_the_place(tmp_path):
    file = tmp_path / "latin.yaml"
    file.write_bytes("alignsim: 1\ntitle: Türkiye\n".encode("latin-1"))
    with pytest.raises(InvalidInput, match=r"2:9  is not UTF-8") as caught:
        load(file)
    assert caught.value.code == 3


def test_a_byte_order_mark_at_the_start_changes_nothing(tmp_path):
    file = tmp_path / "windows.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + PARENT.replace("\n", "\r\n").encode())
    assert load(file).scenario == load_text(PARENT).scenario


def test_a_missing_file_is_answered_with_a_near_name(tmp_path):
    (tmp_path / "isolation.yaml").write_text(PARENT)
    with pytest.raises(FileProblem, match=r"did you mean 'isolation\.yaml'"):
        load(tmp_path / "isolatoin.yaml")
    with pytest.raises(FileProblem, match="is a folder"):
        load(tmp_path)


def family(tmp_path, child: str):
    (tmp_path / "base.yaml").write_text(PARENT)
    file = tmp_path / "child.yaml"
    file.write_text(child)
    return load(file)


def test_a_child_adds_events_and_replaces_what_it_names(tmp_path):
    child = """\
extends: base.yaml
title: The child
parameters: {sanctions.bite: 0.5}
events:
  - {at: 2024-12, treaty: {of: pair, strength: 0.1}}
branches:
  relief:
    - {at: 2025-03, lift: {by: USA, on: pair, share: 1}}
claims:
  - {id: b, says: replaced, testable: false, why: y}
  - {id: c, says: new, testable: false, why: y}
"""
    scenario = family(tmp_path, child).scenario
    assert scenario.title == "The child"
    assert {path: pinned.value for path, pinned in scenario.parameters.items()} == {
        "sanctions.bite": 0.5,
        "sanctions.hostility": 0.3,
    }
    assert [event.at.text for event in scenario.events] == ["2024-11", "2024-12"]
    assert list(scenario.branches) == ["isolation", "relief"]
    assert [(claim.id, claim.says) for claim in scenario.claims] == [("a", "x"), ("b", "replaced"), ("c", "new")]


def test_a_problem_is_told_in_terms_of_the_file_it_stands_in(tmp_path):
    child = "extends: base.yaml\ntime: {start: 2024-12, end: 2025-12}\nevents:\n  - {at: 2030-01, treaty: {of: pair}}\n"
    with pytest.raises(InvalidInput) as caught:
        family(tmp_path, child)
    told = [str(problem) for problem in caught.value.problems]
    assert told[0].startswith("1:10  extends: base.yaml 8:10 events[0].at: 2024-11 is outside")
    assert told[1].startswith("4:10  events[0].at: 2030-01 is outside")
    assert len(told) == 2


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "secret.yaml").write_text(PARENT)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (inside / "child.yaml").write_text("extends: link.yaml\n")
    with pytest.raises(InvalidInput, match="outside the folder"):
        load(inside / "child.yaml")


def test_text_cannot_extend_a_file():
    with pytest.raises(InvalidInput, match="only a scenario read from a file"):
        load_text("extends: base.yaml\n")


readable = st.characters(exclude_categories=["Cc", "Cs", "Cf", "Cn", "Zl", "Zp"])
plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(readable, max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(readable, min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(plain_values)
def test_what_json_writes_is_read_back(content):
    root, problems = parse(json.dumps({"k": content}, ensure_ascii=False), "test")
    assert problems == []
    assert root.plain() == {"k": content}


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("ab:-,[]{}&*!|>'\"%@`#?\n\t 01.~<é")), max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text):
    try:
        root, problems = parse(text, "test")
    except AlignsimError as error:
        assert all(p.line >= 1 and p.column >= 1 and p.message for p in error.problems)
        return
    if not problems:
        assert same_shape(root.plain(), yaml.load(text, Loader=OTHER_READER))


def same_shape(ours, theirs) -> bool:
    """Whether two readings agree in all keys and lengths; scalars are text in `theirs`."""
    if isinstance(theirs, dict):
        return (
            isinstance(ours, dict)
            and list(ours) == list(theirs)
            and all(map(same_shape, ours.values(), theirs.values()))
        )
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(same_shape, ours, theirs))
    return not isinstance(ours, (dict, list)) and (not isinstance(ours, str) or ours == theirs)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("ab:-,[]{}'\"\n 01.~")), max_size=40))
def test_any_text_as_a_scenario_is_refused_in_words(text):
    with pytest.raises(InvalidInput) as caught:
        load_text(text)
    assert caught.value.problems
