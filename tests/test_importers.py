"""Each importer against a tiny made-up file in the upstream's real format, with its traps."""

from __future__ import annotations

import builtins
from pathlib import Path

import pytest

from alignsim.errors import FileProblem, InvalidInput
from alignsim.world import importers
from alignsim.world.codes import Codes

pytest.importorskip("pandas")
pytest.importorskip("pyarrow")

from alignsim.world.importers import atop, baci, cepii, cow, gsdb, sipri, ucdp, vdem, voeten, worldbank

FILES = Path(__file__).parent / "fixtures" / "importers"
CODES = Codes()


def rows(frame):
    return set(frame.itertuples(index=False, name=None))


def test_namibia_is_not_a_missing_value():
    frame = worldbank.indicator(FILES / "worldbank_gdp.csv", CODES)
    assert ("NAM", 2022, 12600000000.5) in rows(frame)


def test_aggregates_and_blank_figures_of_the_world_bank_are_left_out():
    assert set(worldbank.indicator(FILES / "worldbank_gdp.csv", CODES).state) == {"NAM", "XKX", "TUR"}


def test_a_register_deal_is_spread_evenly_over_its_delivery_years():
    frame = sipri.deliveries(FILES / "trade-register.csv", CODES)
    assert {("IRN", "RUS", 2022, 5.0), ("IRN", "RUS", 2023, 5.0)} <= rows(frame)


def test_both_spellings_of_turkiye_and_deals_of_one_year_add_up():
    frame = sipri.deliveries(FILES / "trade-register.csv", CODES)
    assert {("RUS", "TUR", 2019, 75.0), ("RUS", "TUR", 2020, 50.0)} <= rows(frame)


def test_the_soviet_union_is_russia_and_unknown_suppliers_are_nobody():
    frame = sipri.deliveries(FILES / "trade-register.csv", CODES)
    assert ("RUS", "IRN", 1991, 20.0) in rows(frame)
    assert "NAM" not in set(frame.recipient)


def test_deliveries_to_rebels_and_organisations_name_no_state():
    frame = sipri.deliveries(FILES / "trade-register.csv", CODES)
    assert {("IRN", "", 2020, 6.0), ("USA", "", 2012, 8.0)} <= rows(frame)


def test_an_undelivered_order_counts_nothing():
    frame = sipri.deliveries(FILES / "trade-register.csv", CODES)
    assert "IND" not in set(frame.recipient)


def test_a_register_saved_again_as_utf8_without_preamble_says_the_same(tmp_path):
    lines = (FILES / "trade-register.csv").read_text(encoding="iso-8859-1").split("\n")
    again = tmp_path / "trade-register.csv"
    again.write_text("\n".join(lines[11:]), encoding="utf-8-sig")
    assert sipri.deliveries(again, CODES).equals(sipri.deliveries(FILES / "trade-register.csv", CODES))


def test_a_file_that_is_no_register_is_refused_with_its_name(tmp_path):
    other = tmp_path / "trade-register.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(InvalidInput, match=r"trade-register\.csv is not a SIPRI export"):
        sipri.deliveries(other, CODES)


def test_the_old_tiv_table_has_blank_for_none_and_no_total_row():
    frame = sipri.partner_values(FILES / "TIV-Export-RUS-oldsite.csv", CODES)
    assert rows(frame) == {("IND", 2018, 12.0), ("IND", 2019, 0.0), ("IND", 2021, 7.0), ("VNM", 2018, 4.0)}


def test_the_new_tiv_table_has_cells_with_a_blank_after_the_number():
    frame = sipri.partner_values(FILES / "import-export-values_newsite.csv", CODES)
    assert rows(frame) == {("IND", 2018, 12.0), ("IND", 2019, 0.0), ("IND", 2021, 7.0), ("TUR", 2019, 8.0)}


def test_military_expenditure_has_two_signs_for_missing():
    frame = sipri.military_expenditure(FILES / "sipri_milex.csv", CODES)
    assert rows(frame) == {("NAM", 2022, 0.4), ("TUR", 2022, 15.5005), ("KOR", 2022, 47.0)}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Korea, South", ["KOR"]),
        ("Korea, North, Iran, Gambia, The, Russia", ["PRK", "IRN", "GMB", "RUS"]),
        ("Congo, Democratic Republic of the, Eritrea", ["COD", "ERI"]),
        ("EU, Norway, Egypt, Arab Rep.", ["@eu", "NOR", "EGY"]),
        ("Terrorist Organizations (Taliban)", []),
        ("Serbia, Bosnia and Herzegovina,  Montenegro, Macedonia", ["SRB", "BIH", "MNE", "MKD"]),
    ],
)
def test_names_with_commas_are_told_from_lists_of_names(cell, expected):
    assert gsdb.names(cell, CODES) == expected


def test_each_sender_and_target_of_a_case_is_a_row_and_knows_how_many_targets_there_were():
    frame = gsdb.cases(FILES / "GSDB_V4.csv", CODES)
    first = frame[frame.case == 1]
    assert set(first.on) == {"PRK", "IRN", "GMB", "RUS"} and set(first.targets) == {4}
    assert set(frame[frame.case == 2].by) == {"@eu", "NOR", "KOR"}


def test_a_complete_embargo_is_one_and_a_partial_one_an_eighth_or_so():
    frame = gsdb.cases(FILES / "GSDB_V4.csv", CODES).set_index("case")
    assert frame.trade[3] == 1
    assert frame.trade[6].iloc[0] == pytest.approx(0.12)
    assert frame.trade[2].iloc[0] == pytest.approx(1 - 0.5 * 0.88)


def test_cases_open_in_the_last_year_of_the_file_go_on():
    frame = gsdb.cases(FILES / "GSDB_V4.csv", CODES).drop_duplicates("case").set_index("case")
    assert bool(frame.ongoing[3]) and not frame.ongoing[2]


def test_ideal_points_are_read_from_the_tab_file_with_quoted_codes():
    frame = voeten.ideal_points(FILES / "ideal_points_2025.tab", CODES)
    assert ("USA", 2015, 2.4, 2.1, 2.7) in rows(frame)
    assert set(frame[frame.state == "DEU"].year) == {1985, 2015}  # COW 260 before 1990, 255 after


def test_ideal_points_of_2020_are_in_latin_1_and_count_sessions():
    frame = voeten.ideal_points(FILES / "IdealpointestimatesAll_Apr2020.csv", CODES)
    assert rows(frame) == {("USA", 2015, 2.3, 2.1, 2.6), ("CIV", 2015, -0.4, -0.6, -0.2)}


def test_ideal_points_of_july_2025_are_a_stata_file(tmp_path):
    import pandas as pd

    file = tmp_path / "Idealpoints.dta"
    pd.DataFrame(
        {"ccode": [2.0], "iso3c": ["USA"], "countryname": ["United States"], "year": [2020.0], "idealpointfp": [2.5]}
    ).to_stata(file, write_index=False)
    frame = voeten.ideal_points(file, CODES)
    assert frame.state.tolist() == ["USA"] and frame.point[0] == pytest.approx(2.5)
    assert frame.low.isna().all()


def test_absence_and_non_membership_are_no_votes():
    frame = voeten.roll_calls(FILES / "UNVotes.csv", CODES)
    assert rows(frame) == {("USA", 2015, "3", 1), ("NAM", 2015, "3", 3), ("NAM", 2015, "4", 2)}


def test_gleditsch_ward_numbers_are_not_cow_numbers():
    assert (CODES.cow(970), CODES.gleditsch_ward(970)) == ("NRU", "KIR")
    assert (CODES.cow(679), CODES.gleditsch_ward(678)) == ("YEM", "YEM")
    frame = ucdp.conflicts(FILES / "UcdpPrioConflict_v25_1.csv", CODES)
    assert ("SRB", "", 1999, 2) in rows(frame) and ("KIR", "", 2001, 1) in rows(frame)


def test_a_war_of_two_states_against_one_is_two_pairs_both_ways_without_their_helpers():
    frame = ucdp.conflicts(FILES / "UcdpPrioConflict_v25_1.csv", CODES)
    pairs = {(a, b) for a, b, year, _ in rows(frame) if year == 2024}
    assert pairs == {("GBR", "YEM"), ("USA", "YEM"), ("YEM", "GBR"), ("YEM", "USA")}
    assert "FJI" not in set(frame.state) and "CAN" not in set(frame.state)


def test_baci_products_add_up_and_its_numbers_are_not_all_iso_numbers():
    frame = baci.flows(FILES / "BACI_HS92_Y2020.csv", CODES)
    assert {("USA", "IRN", 2020, 0.002), ("FRA", "NAM", 2020, 0.001), ("IND", "RUS", 2020, 2.0)} == rows(frame)


def test_baci_totals_give_the_same_columns(tmp_path):
    import pandas as pd

    file = tmp_path / "baci_totals.parquet"
    pd.DataFrame({"exporter": ["NAM"], "importer": ["ROM"], "year": [2019], "value_kusd": [5e5]}).to_parquet(file)
    assert rows(baci.flows(file, CODES)) == {("NAM", "ROU", 2019, 0.5)}


def test_a_cow_flow_runs_from_the_second_state_to_the_first_and_minus_nine_is_missing():
    frame = baci.cow_flows(FILES / "Dyadic_COW_4.0.csv", CODES)
    assert rows(frame) == {("IRN", "USA", 1999, 0.0105), ("TWN", "CHN", 1999, 19.0), ("CHN", "TWN", 1999, 5.0)}


def test_minus_nine_is_no_capability():
    frame = cow.capabilities(FILES / "NMC-70-abridged.csv", CODES).set_index("state")
    assert frame.cinc["DEU"] == 0.02 and frame.cinc.isna()["NRU"]


def test_the_highest_level_of_a_dispute_counts_whatever_the_order_of_the_states():
    frame = cow.disputes(FILES / "dyadic_mid_4.03.csv", CODES)
    assert rows(frame[["a", "b", "year", "level"]]) == {("CHN", "IND", 2013, 4.0), ("CIV", "USA", 2013, 1.0)}


def test_only_duties_to_defend_count_and_an_open_spell_lasts_to_the_end_of_the_file():
    frame = atop.defence(FILES / "alliance_v4.1_by_dyad.csv", CODES)
    assert {(a, b) for a, b, _ in rows(frame)} == {("GBR", "PRT"), ("CHN", "PRK")}
    assert set(frame[frame.a == "GBR"].year) == {2009, 2010, 2011, 2012}


def test_a_pact_listed_both_ways_is_one_pact():
    assert rows(atop.defence(FILES / "atop51.csv", CODES)) == {("CHN", "PRK", 2018)}


def test_old_codes_of_cepii_are_read_and_a_missing_capital_takes_the_largest_city():
    frame = cepii.distances(FILES / "cepii_dist.csv", CODES)
    assert rows(frame) == {("ROU", "COD", 5400.5), ("TLS", "IDN", 2000.0)}


def test_polyarchy_is_read_from_the_published_file_without_its_gaps():
    frame = vdem.polyarchy(FILES / "V-Dem-CY-Core.csv", CODES)
    assert rows(frame) == {("NAM", 2023, 0.66), ("IRN", 2023, 0.153)}


def test_a_missing_column_is_named(tmp_path):
    bad = tmp_path / "worldbank_gdp.csv"
    bad.write_text("Country,Year,Value\nIran,2020,1\n")
    with pytest.raises(InvalidInput, match="Country Code: column is missing"):
        worldbank.indicator(bad, CODES)


def test_missing_files_are_named_all_together(tmp_path):
    from alignsim.world.upstream import read

    with pytest.raises(FileProblem) as caught:
        read(tmp_path)
    assert "gdp (worldbank_gdp.csv" in str(caught.value) and "GSDB_V4.csv" in str(caught.value)


def test_without_pandas_the_message_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "pandas":
            raise ImportError("No module named 'pandas'", name="pandas")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(FileProblem, match=r"pip install 'alignsim\[world\]'"):
        importers.require_pandas()


def test_the_full_file_is_taken_before_a_sample_of_it(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "trade-register_head.csv").write_text("short")
    (tmp_path / "trade-register.csv").write_text("much longer")
    assert importers.find_all(tmp_path, "*trade-register*.csv", what="register")[0].name == "trade-register.csv"
