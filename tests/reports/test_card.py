"""The model card: what it says, what it admits, and that nobody's text becomes markup."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from goldgate.measures import Measure, Verdict
from goldgate.runs.golden import GoldenRecord
from goldgate.task.examples import Card
from goldgate_reports.card import Shipped, model_card

from .small import golden_of, run_of

DATA = Card(
    "demo",
    {n: {"count": c, "fingerprint": n * 12, "tags": {}} for n, c in (("train", 900), ("golden", 60))},
    "by a test",
    "CC0-1.0",
    "made up",
)


def verdict(threshold: float = 0.5) -> Verdict:
    return Measure([1.0] * 55 + [0.0] * 5, name="exact_match").verdict(">=", threshold)


SHIPPED = Shipped(
    "demo",
    "text",
    "tiny",
    "b" * 64,
    "Apache-2.0",
    "i" * 64,
    "a" * 64,
    "r1",
    "base+zero_shot",
    (verdict(),),
    None,
    "2026-11-26",
    [{"role": "user", "content": "{input}"}],
    {},
    {"temperature": 0},
)


def golden(**more: Any) -> GoldenRecord | None:
    def row(subject: str, metric: str, estimate: float, tag: str | None = None) -> dict[str, Any]:
        return {
            "subject": subject,
            "metric": metric,
            "tag": tag,
            "estimate": estimate,
            "low": estimate - 0.1,
            "high": min(1.0, estimate + 0.1),
            "n": 60,
        }

    return golden_of(
        {
            "subject": "adapter:x",
            "look": {"number": 2, "level": 0.0125, "name": "abc"},
            "split": {"fingerprint": "f" * 64, "count": 60},
            "opened": False,
            "sealed": False,
            "verdicts": [{"item": "test_it", "verdict": verdict().to_json()}],
            "measures": [
                row("adapter:x", "exact_match", 0.9),
                row("base+zero_shot", "exact_match", 0.4),
                row("adapter:x", "exact_match", 0.6, "dark"),
                row("adapter:x", "exact_match", 0.8, "light"),
            ],
            "differences": [
                {
                    "metric": "exact_match",
                    "reference": "base+zero_shot",
                    "estimate": 0.5,
                    "low": 0.4,
                    "high": 0.6,
                    "n": 60,
                }
            ],
            **more,
        }
    )


RUN = run_of({"best": 1, "attempts": [{"k": 1, "recipe": {"rank": 16, "learning_rate": 0.001}}]})


def test_it_says_verdict_data_recipe_gain_and_limits() -> None:
    text = model_card(SHIPPED, DATA, RUN, golden())
    for line in (
        "**The one gate of the golden suite passes at look 2.**",
        "level 0.0125 per side",
        "look abc in the ledger",
        "| exact\\_match >= 0.50 | pass | 91.7% |",
        "| train | 900 | traintraintr |",
        "Licence: CC0-1.0. Source: made up.",
        "| rank | 16 |",
        "| exact\\_match | 90.0% (80.0% to 100.0%) | base+zero\\_shot | 40.0% | +50.0 points (+40.0 to +60.0 points) |",
        "- weakest slices: exact\\_match on dark is 60.0% (50.0% to 70.0%, n = 60)",
        "| base model licence | Apache-2.0 |",
    ):
        assert line in text
    assert text.index("on dark") < text.index("on light")


def test_what_did_not_pass_or_was_forced_stands_among_the_limits() -> None:
    failing = verdict(0.99)
    text = model_card(replace(SHIPPED, verdicts=(verdict(), failing), forced="the old one is down"), DATA, None, None)
    assert "**Not passed: 1 of 2 gates pass on golden.**" in text
    assert "- promoted without a pass: the old one is down" in text
    assert f"- exact\\_match >= 0.99: {failing.outcome} (estimate 91.7%" in text
    assert "No golden numbers are available" in text


@pytest.mark.parametrize(
    ("change", "says"), [({"opened": True}, "the pass has no error rate"), ({"sealed": True}, "golden is sealed")]
)
def test_an_opened_or_sealed_golden_is_a_limit(change: dict[str, Any], says: str) -> None:
    assert says in model_card(SHIPPED, DATA, RUN, golden(**change))


@pytest.mark.parametrize("reading", ["plausible", "observed"])
def test_a_weaker_reading_is_named(reading: str) -> None:
    weak = Measure([1.0] * 60, name="exact_match").verdict(">=", 0.5, reading)
    text = model_card(replace(SHIPPED, verdicts=(weak,)), DATA, None, None)
    assert {
        "plausible": "- not shown to hold, only not shown to fail: exact",
        "observed": "- met by the estimate alone: exact",
    }[reading] in text


def test_hostile_text_is_no_markup_of_the_card() -> None:
    bad = "x](http://evil) <script>alert(1)</script> | # `rm`\n\n# Safe\u202e"
    ask = [{"role": "system", "content": "```\n# out\n</script>```"}]
    text = model_card(
        replace(SHIPPED, base=bad, prompted=bad, forced=bad, licence=bad, ask=ask),
        replace(DATA, licence=bad, source=bad, prepared=bad),
        RUN,
        golden(),
        hub=True,
    )
    head, body = text.split("\n---\n", 1)
    assert "<script>" not in body.replace("</script>```", "")
    assert "x](" not in body
    assert not [line for line in text.splitlines() if line.startswith(("# Safe", "# out"))]
    assert "\u202e" not in text
    from ruamel.yaml import YAML

    assert YAML(typ="safe").load(head.removeprefix("---\n"))["base_model"] == bad


def test_a_hub_reads_licence_and_base() -> None:
    text = model_card(SHIPPED, DATA, RUN, golden(), hub=True)
    assert text.startswith('---\nlibrary_name: transformers\npipeline_tag: text-generation\nlicense: "apache-2.0"\n')
    assert "AutoModelForCausalLM.from_pretrained" in text
    assert "goldgate export" not in text
