"""The message of a verdict: what was reached, what would pass here, and how many more examples would settle it."""

from __future__ import annotations

import numpy as np
import pytest

from goldgate.measures import Measure, Recording, p_value, recording
from goldgate.measures.wording import threshold


def right(k: int, n: int) -> Measure:
    return Measure([1.0] * k + [0.0] * (n - k), name="exact_match")


def lines(verdict) -> list[str]:
    return [line.strip() for line in verdict.message.splitlines()]


def test_an_undecided_gate_reads_as_in_the_style_guide() -> None:
    with recording(Recording(note="look 1 of golden 3f2a")):
        assert (right(184, 200) >= 0.9).message == (
            "exact_match >= 0.90 is undecided\n"
            "  estimate 0.92, 95% interval 0.873 to 0.954, n = 200 (look 1 of golden 3f2a)\n"
            "  it passes at 189 of 200 right (184 now)\n"
            "  if 0.92 is the truth, about 1,500 more examples would show it (4 chances in 5)"
        )


def test_the_number_of_examples_is_the_one_of_the_statistics_page() -> None:
    """47 of 50 against 0.90: about 410 examples would show 0.94, so some 350 more."""
    assert any("about 350 more" in line for line in lines(right(47, 50) >= 0.9))


def test_a_pass_says_how_far_it_carries() -> None:
    assert lines(right(192, 200) >= 0.9)[-1] == "p = 0.001: passes up to look 5"
    assert lines(right(189, 200) >= 0.9)[-1].endswith("passes up to look 1")
    assert lines(right(200, 200) >= 0.5)[-1] == "p = under 0.000001: passes up to look 20 and beyond"
    with recording(Recording(level=0.1)):
        assert lines(right(187, 200) >= 0.9)[-1].endswith("passes at this level only")


@pytest.mark.parametrize(("k", "told"), [(178, "below"), (180, "at")])
def test_below_the_threshold_more_examples_are_not_the_answer(k: int, told: str) -> None:
    said = lines(right(k, 200) >= 0.9)
    assert said[-1] == f"the estimate is {told} 0.90: more examples are not the answer"
    assert "more examples would" not in " ".join(said)


def test_a_failure_says_that_the_opposite_is_shown() -> None:
    assert lines(right(150, 200) >= 0.9)[2] == "shown to be below 0.90 at 2.5%: more examples are not the answer"
    assert lines(right(50, 200) <= 0.1)[2:] == [
        "shown to be above 0.10 at 2.5%: more examples are not the answer",
        "it passes at 11 of 200 or fewer (50 now)",
    ]


def test_never_is_said_where_no_result_can_pass() -> None:
    said = lines(right(49, 50) >= 0.95)
    assert "no result on 50 examples can show it: it takes 72 of 72, all right" in said
    said = lines(right(50, 50) >= 1.0)
    assert "no number of examples can show 1.00: it is the best possible value" in said
    graded = Measure([0.99] * 40)
    assert "no result on 40 examples can show it: it takes 72 of 72, all at the best value" in lines(graded >= 0.95)


def test_missing_answers_are_shown() -> None:
    said = lines(Measure([1.0] * 45 + [None] * 5) >= 0.9)
    assert "5 of 50 answers are missing: they count as worst for passing and best for failing" in said
    assert "it passes at 50 of 50 right (45 now)" in said


def test_a_later_look_says_what_its_level_shows() -> None:
    with recording(Recording(level=0.05 / 8)):
        said = lines(right(190, 200) >= 0.9)
    assert said[2] == "at this look's level (0.00625) it shows at least 0.898"
    assert said[3] == "it passes at 191 of 200 right (190 now)"


def test_values_that_are_no_counts_are_not_told_as_right_answers() -> None:
    rng = np.random.default_rng(0)
    fields = Measure(rng.beta(9, 1, 200).tolist(), name="field_accuracy")
    said = lines(fields >= 0.88)
    assert not any("right" in line for line in said)
    assert said[2].startswith("it passes at about ")
    assert said[2].endswith("with this spread on 200 examples (0.893 now)")
    tokens = Measure((rng.random(200) * 1000).tolist(), bounds=(0, 2000), better="low", name="tokens_in")
    assert lines(tokens <= 540)[1] == "estimate 501.5, 95% interval 459 to 552.2, n = 200"


def test_examples_that_may_depend_on_each_other_are_not_told_as_counts() -> None:
    values = [1.0] * 92 + [0.0] * 8
    for m in (Measure(values, max_group=3), Measure(values, groups=["g"] * 2 + [None] * 98)):
        assert not any("right" in line for line in lines(m >= 0.9))


def test_examples_asked_for_do_show_it_in_about_four_cases_of_five() -> None:
    """Following the advice for graded values: that many examples from the same source pass in about 80% of cases."""
    rng = np.random.default_rng(3)
    pool = rng.beta(9, 1, 4000)
    m = Measure(pool[:100].tolist())
    t = round(m.value - 0.015, 3)
    more = next(line for line in lines(m >= t) if "more examples" in line)
    count = 100 + int(more.split("about ")[1].split(" more")[0].replace(",", ""))
    source = pool[:100]
    passed = sum(p_value(rng.choice(source, count), t, 0, 1, "lower") <= 0.025 for _ in range(200))
    assert 0.7 < passed / 200 < 0.9


def test_plausible_and_observed_say_what_they_rest_on() -> None:
    assert lines(right(7, 8).plausible >= 0.8)[0] == "exact_match.plausible >= 0.80: not shown to be below 0.80"
    assert lines(right(7, 8).plausible >= 0.8)[-1] == (
        "plausible: the data does not show it to be below 0.80, as it would in 4 of 5 cases if 0.30 were the truth"
    )
    assert lines(right(1, 1).plausible >= 0.8)[-1] == (
        "plausible: the data does not show it to be below 0.80; no result on so few examples could"
    )
    assert lines(right(2, 8).plausible >= 0.8)[-1] == "the data shows it to be below 0.80, at 2.5%"
    assert lines(right(8, 8).observed >= 0.8)[-1] == "the estimate alone reaches 0.80: met, not shown"
    assert lines(right(2, 8).observed >= 0.8)[-1] == "the estimate alone does not reach 0.80: not met"


def test_an_estimate_is_not_rounded_up_to_perfect() -> None:
    assert "estimate 0.998," in (right(499, 500) >= 0.5).message


@pytest.mark.parametrize(
    ("t", "text"), [(0.9, "0.90"), (0.995, "0.995"), (0, "0.00"), (-0.02, "-0.02"), (120, "120"), (0.0125, "0.0125")]
)
def test_thresholds_are_written_as_people_write_them(t: float, text: str) -> None:
    assert threshold(t) == text
