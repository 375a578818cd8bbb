"""Comparing JSON answers: symmetric where it should be, blind to order only where asked, and never kinder to a lie."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.scorers.fields import compare, field_score, parse_json, same
from goldgate.task.task import FieldRule

EXACT, TEXT, DATE = FieldRule(), FieldRule(compare="text"), FieldRule(compare="date")
ALIGNED = {"rows": FieldRule(align=True)}
numbers = st.one_of(st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6))
leaves = st.one_of(st.none(), st.booleans(), st.integers(-99, 99), st.text("ab 1", max_size=4))
json_values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", max_size=2), inner, max_size=3),
    max_leaves=8,
)
flat = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3), min_size=1, max_size=6)


def close(tolerance: float) -> FieldRule:
    return FieldRule(compare="number", tolerance=tolerance)


@given(json_values, json_values, st.sampled_from([EXACT, TEXT, DATE, close(0.5)]))
def test_two_values_agree_whichever_is_expected(a: Any, b: Any, rule: FieldRule) -> None:
    assert same(a, b, rule) == same(b, a, rule)


@given(json_values, json_values)
def test_exact_agreement_is_the_same_json(a: Any, b: Any) -> None:
    assert same(a, b, EXACT) == (json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True))


@given(numbers, numbers, st.floats(0.0, 10.0), st.floats(0.0, 10.0))
def test_a_wider_tolerance_never_refuses_what_a_narrower_accepts(a: float, b: float, one: float, other: float) -> None:
    narrow, wide = sorted((one, other))
    assert same(a, b, close(narrow)) <= same(a, b, close(wide))
    assert same(a, a, close(narrow))


@given(numbers, st.floats(0.01, 10.0))
def test_a_number_beyond_the_tolerance_is_wrong(value: float, tolerance: float) -> None:
    assert same(value, value + 0.9 * tolerance, close(tolerance))
    assert not same(value, value + 1.1 * tolerance, close(tolerance))
    assert not same(value, value - 1.1 * tolerance, close(tolerance))


@pytest.mark.parametrize(("expected", "got"), [(0.3, 0.1 + 0.2), (1284.5, 1284.50), (1e6 / 3, 333333.33333333331)])
def test_rounding_of_a_binary_fraction_is_no_difference(expected: float, got: float) -> None:
    assert same(expected, got, close(0.0))


@pytest.mark.parametrize("got", ["12.5", True, None, [12.5], {"value": 12.5}, ""])
def test_what_is_no_number_agrees_with_none(got: Any) -> None:
    assert not same(12.5, got, close(100.0))
    assert not same(1, got, close(100.0))


@given(st.text(max_size=20))
def test_case_and_blanks_do_not_count_in_text(text: str) -> None:
    assert same(text, f"  {text}\n", TEXT)
    assert same(" ".join(text.split()), text, TEXT)
    assert same(text.upper(), text.upper().casefold(), TEXT)


@given(st.text("abc", min_size=1, max_size=6), st.text("abc", min_size=1, max_size=6))
def test_other_words_and_joined_words_count_in_text(a: str, b: str) -> None:
    assert same(a, b, TEXT) == (a == b)
    assert not same(f"{a} {b}", f"{a}{b}", TEXT)


@given(st.dates(), st.dates())
def test_dates_agree_exactly_where_they_are_one_day(a: date, b: date) -> None:
    assert same(a.isoformat(), b.isoformat(), DATE) == (a == b)
    assert same(a.isoformat(), f" {a.isoformat()}\n", DATE)
    assert same(a.isoformat(), a.strftime("%Y%m%d").zfill(8), DATE), "the short ISO form is the same day"


@pytest.mark.parametrize("got", ["2026-02-30", "24.11.2026", "Nov 24, 2026", "", 20261124, None, ["2026-11-24"]])
def test_what_is_no_iso_date_is_not_the_day(got: Any) -> None:
    assert not same("2026-11-24", got, DATE)


def test_a_day_that_does_not_exist_agrees_with_itself_alone() -> None:
    assert same("2026-02-30", "2026-02-30", DATE)
    assert not same("2026-02-30", "2026-02-31", DATE)


rows = st.lists(st.fixed_dictionaries({"a": st.integers(0, 2), "b": st.sampled_from("xyz")}), min_size=1, max_size=5)


@given(rows, st.randoms())
@settings(deadline=None)
def test_aligned_rows_may_come_in_any_order(expected: list[Any], random: Any) -> None:
    got = [*expected]
    random.shuffle(got)
    assert field_score({"rows": expected}, {"rows": got}, ALIGNED) == 1.0


@given(rows, rows)
@settings(deadline=None)
def test_aligning_never_scores_below_the_order_as_given(expected: list[Any], got: list[Any]) -> None:
    want, have = {"rows": expected}, {"rows": got}
    right = [sum(v.ok for v in compare(want, have, rules)) for rules in (ALIGNED, {})]
    assert right[0] >= right[1]


@given(rows, rows)
@settings(deadline=None)
def test_every_row_of_either_side_is_counted_once(expected: list[Any], got: list[Any]) -> None:
    for rules in (ALIGNED, {}):
        verdicts = compare({"rows": expected}, {"rows": got}, rules)
        leaves_of = {v.path.split("]")[0] for v in verdicts}
        assert len(leaves_of) == max(len(expected), len(got))
        assert sum(v.outcome == "missed" for v in verdicts) == max(0, len(expected) - len(got))
        assert sum(v.outcome == "invented" for v in verdicts) == max(0, len(got) - len(expected))


@given(rows, st.integers(1, 3))
@settings(deadline=None)
def test_repeating_a_right_row_is_no_gain(expected: list[Any], times: int) -> None:
    got = [*expected, *[expected[0]] * times]
    assert field_score({"rows": expected}, {"rows": got}, ALIGNED) < 1.0


@given(flat, st.data())
def test_mending_a_field_raises_the_score_and_breaking_one_lowers_it(expected: dict[str, int], data: Any) -> None:
    got = {k: data.draw(st.integers(0, 3)) for k in expected}
    key = data.draw(st.sampled_from(sorted(expected)))
    score = field_score(expected, got, {})
    mended, broken = {**got, key: expected[key]}, {**got, key: expected[key] + 1}
    assert field_score(expected, mended, {}) >= score >= field_score(expected, broken, {})
    assert field_score(expected, mended, {}) == pytest.approx(field_score(expected, broken, {}) + 1 / len(expected))


@given(flat, st.integers(1, 4))
def test_fields_that_nobody_asked_for_only_cost(expected: dict[str, int], many: int) -> None:
    got = {**expected, **{f"more{i}": i for i in range(many)}}
    assert field_score(expected, got, {}) == pytest.approx(len(expected) / (len(expected) + many))


@given(flat)
def test_leaving_everything_out_scores_nothing(expected: dict[str, int]) -> None:
    assert field_score(expected, {}, {}) == 0.0
    assert field_score(expected, dict.fromkeys(expected), {}) == 0.0


@given(flat, st.floats(0.1, 10.0))
def test_weights_count_by_their_ratio_alone(expected: dict[str, int], factor: float) -> None:
    got = {k: v if i % 2 else v + 1 for i, (k, v) in enumerate(expected.items())}
    light = {k: FieldRule(weight=1.0 + i) for i, k in enumerate(expected)}
    heavy = {k: FieldRule(weight=factor * rule.weight) for k, rule in light.items()}
    assert field_score(expected, got, light) == pytest.approx(field_score(expected, got, heavy))


@given(json_values, json_values)
def test_the_score_is_one_exactly_where_every_leaf_is_right(expected: Any, got: Any) -> None:
    perfect = all(v.ok for v in compare(expected, got, {}))
    assert (field_score(expected, got, {}) == 1.0) == perfect or expected == {} == got


@given(json_values, json_values)
def test_every_leaf_says_what_was_expected_and_what_came(expected: Any, got: Any) -> None:
    for verdict in compare(expected, got, {}):
        if verdict.outcome == "right":
            assert same(verdict.expected, verdict.got, EXACT)
        if verdict.outcome == "missed":
            assert verdict.got in (None, [])
        if verdict.outcome == "invented":
            assert verdict.expected in (None, [])


@given(json_values)
def test_what_was_written_is_read_whatever_the_layout(value: Any) -> None:
    for text in (
        json.dumps(value),
        json.dumps(value, indent=2),
        f"\n{json.dumps(value)}  ",
        f"```json\n{json.dumps(value, indent=1)}\n```",
    ):
        assert parse_json(text) == value


@given(json_values, st.text("ab:.!", min_size=1, max_size=5))
def test_words_around_the_value_are_no_json(value: Any, words: str) -> None:
    for text in (f"{words} {json.dumps(value)}", f"{json.dumps(value)} {words}"):
        with pytest.raises(ValueError):
            parse_json(text)


@given(st.text(max_size=60))
def test_any_text_is_a_value_or_a_value_error(text: str) -> None:
    try:
        value = parse_json(text)
    except ValueError:
        return
    assert json.loads(json.dumps(value)) == value or value != value


@pytest.mark.parametrize("depth", [39, 40, 41, 900])
def test_nesting_has_a_limit_that_a_stack_can_bear(depth: int) -> None:
    text = "[" * (depth - 1) + "1" + "]" * (depth - 1)
    if depth <= 40:
        assert all(v.ok for v in compare(parse_json(text), parse_json(text), {}))
    else:
        with pytest.raises(ValueError, match="nested too deeply"):
            parse_json(text)


@pytest.mark.parametrize("text", ['{"a": 1, "b": {"c": 1, "c": 2}}', '[{"x": 1, "x": 1}]'])
def test_a_key_that_stands_twice_is_refused_at_any_depth(text: str) -> None:
    with pytest.raises(ValueError, match="repeated"):
        parse_json(text)


@pytest.mark.parametrize("number", ["9" * 309, "-" + "9" * 4000, "1e999", "-1.5e400"])
def test_a_number_that_no_float_holds_is_no_json_of_ours(number: str) -> None:
    with pytest.raises(ValueError, match="too large"):
        parse_json(f'{{"total": {number}}}')
