"""A run folder as `goldgate train` leaves it: invoices with hostile answers, its verdicts given by real gates."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.files import write_json
from goldgate.measures import Measure, Recording, Verdict, recording
from goldgate_reports import RunView, load_run

TUNED = "adapter:runs/invoices/2026-11-24-0912/attempts/2/adapter"
FIRST = "adapter:runs/invoices/2026-11-24-0912/attempts/1/adapter"
PROMPTED = "base+few_shot:4"
LINEAR = "linear"
HOSTILE = '</pre></style><script>alert(1)</script><img src=x onerror="alert(2)"> javascript:alert(3) '
HOSTILE += "\u202eevil\u202c \x00\x1b[31m"
TAGS = ("date_format", "missing_field", "ocr_noise", "unseen_layout", "credit_note", "decimal_comma")
RATES = {  # subject → chance of an exact match, share of fields otherwise right, chance of valid JSON
    TUNED: (0.94, 0.84, 1.0),
    FIRST: (0.78, 0.8, 0.99),
    PROMPTED: (0.09, 0.52, 0.86),
    "base+zero_shot": (0.0, 0.12, 0.4),
    "base+nearest:4": (0.08, 0.5, 0.84),
}
TOKENS = {
    TUNED: (92, 58),
    FIRST: (92, 58),
    PROMPTED: (842, 61),
    "base+zero_shot": (231, 96),
    "base+nearest:4": (851, 62),
}
BOUNDS = {"tokens_in": (0.0, 2048.0), "tokens_out": (0.0, 160.0), "cost_per_1k": (0.0, 0.45)}
LOW = ("tokens_in", "tokens_out", "cost_per_1k")
Values = dict[str, dict[str, list[float | None]]]  # subject → metric → value by example
VENDORS = ("Nordlicht GmbH", "Atelier Deschamps", "Pinewood & Sons", "Cafés Ibarra S.L.", "Halden Robotics AS")


class Examples:
    """Examples of one split with their answers and scores by subject."""

    def __init__(self, split: str, count: int, rates: Mapping[str, tuple[float, float, float]], seed: int = 5) -> None:
        self.rng = random.Random(f"{split}{seed}")
        self.ids = [f"inv-{split[0]}{i:03d}" for i in range(count)]
        self.tags = [tuple(sorted(self.rng.sample(TAGS, self.rng.choice((0, 1, 1, 2))))) for _ in self.ids]
        self.expected = [self._invoice(i) for i in range(count)]
        self.inputs = [self._text(i, e) for i, e in enumerate(self.expected)]
        self.answers: dict[str, list[str | None]] = {s: [] for s in rates}
        self.values: Values = {s: {} for s in rates}
        for subject, rate in rates.items():
            for expected in self.expected:
                self._answer(subject, rate, expected)

    def _invoice(self, i: int) -> dict[str, Any]:
        rows = [
            {
                "text": self.rng.choice(("Filter", "Wartung", "Papier A4", "Carte")),
                "amount": self.rng.randint(300, 90000) / 100,
            }
            for _ in range(self.rng.choice((1, 2, 2, 3)))
        ]
        return {
            "vendor": self.rng.choice(VENDORS),
            "number": f"R-{2000 + i}",
            "date": f"2026-{self.rng.randint(1, 12):02d}-{self.rng.randint(1, 28):02d}",
            "currency": self.rng.choice(("EUR", "CHF", "GBP")),
            "total": round(math.fsum(r["amount"] for r in rows), 2),
            "due": None,
            "items": rows,
        }

    def _text(self, i: int, e: dict[str, Any]) -> str:
        lines = [
            f"{e['vendor']}        Rechnung {e['number']}",
            f"Datum: {e['date'][8:]}.{e['date'][5:7]}.{e['date'][:4]}",
        ]
        lines += [f"{r['text']:<14}{r['amount']:>10.2f} {e['currency']}" for r in e["items"]]
        return "\n".join([*lines, f"Gesamtbetrag  {e['total']:>10.2f} {e['currency']}"])

    def _answer(self, subject: str, rate: tuple[float, float, float], expected: dict[str, Any]) -> None:
        exact, fields, valid = rate
        given = json.loads(json.dumps(expected))
        draw, right = self.rng.random(), 1.0
        if draw > exact:
            wrong = [k for k in expected if self.rng.random() > fields] or ["total"]
            right = 1 - len(wrong) / len(expected)
            for key in wrong:
                given[key] = {"total": 1204.5, "due": "2026-12-01", "items": expected["items"][:1], "date": None}.get(
                    key, "unknown"
                )
        text = json.dumps(given, ensure_ascii=False)
        if is_valid := self.rng.random() < valid or draw <= exact:
            pass
        else:
            text, right = "Here is the JSON you asked for:\n" + text[:-9], 0.0
        self.answers[subject].append(text)
        cost = {
            m: t + self.rng.choice((-6, 0, 6))
            for m, t in zip(("tokens_in", "tokens_out"), TOKENS.get(subject, (90, 10)), strict=True)
        }
        row = {
            "exact_match": float(draw <= exact),
            "json_valid": float(is_valid),
            "field_accuracy": right,
            **cost,
            "cost_per_1k": (cost["tokens_in"] * 0.15 + cost["tokens_out"] * 0.6) / 1000,
        }
        for metric, value in row.items():
            self.values[subject].setdefault(metric, []).append(value)

    def measure(self, subject: str, metric: str, tag: str | None = None, name: str = "") -> Measure:
        measure = Measure(
            self.values[subject][metric],
            ids=self.ids,
            bounds=BOUNDS.get(metric, (0.0, 1.0)),
            tags=self.tags,
            name=name or metric,
            better="low" if metric in LOW else "high",
        )
        return measure.on(tag) if tag else measure


def gate_rows(examples: Examples, how: Recording, bar: float) -> list[dict[str, Any]]:
    """The suite of the fixture, as the plugin would record it. bar: what exact match must reach."""
    rows: list[dict[str, Any]] = []

    def record(verdict: Verdict, measure: Measure) -> None:
        rows.append({"item": "", "verdict": verdict.to_json()})

    def ours(metric: str, tag: str | None = None) -> Measure:
        return examples.measure(TUNED, metric, tag)

    def theirs(metric: str) -> Measure:
        return examples.measure(PROMPTED, metric, name=f"prompted.{metric}")

    gates: dict[str, Callable[[], Verdict]] = {
        "test_accuracy": lambda: ours("exact_match") >= bar,
        "test_format": lambda: ours("json_valid") >= 0.95,
        "test_fields": lambda: ours("field_accuracy").observed >= 0.97,
        **{f"test_edge_case[{tag}]": lambda tag=tag: ours("exact_match", tag).plausible >= 0.8 for tag in TAGS},
        "test_beats_prompting": lambda: ours("exact_match") - theirs("exact_match") >= 0.3,
        "test_costs_less_than_prompting": lambda: ours("cost_per_1k") <= 0.5 * theirs("cost_per_1k"),
    }
    with recording(Recording(how.level, how.reading, how.force, record, how.note, how.error)):
        for name, gate in gates.items():
            gate()
            rows[-1]["item"] = f"suites/invoices/test_gates.py::{name}"
    return rows


def golden_record(golden: Examples, bar: float, linear: bool) -> dict[str, Any]:
    """golden.json, from golden's scores."""
    subjects = [TUNED, PROMPTED, *([LINEAR] if linear else [])]

    def numbers(measure: Measure) -> dict[str, Any]:
        low, high = measure.interval()
        return {"estimate": measure.value, "low": low, "high": high, "n": measure.n}

    metrics = list(golden.values[TUNED])
    return {
        "look": {"number": 2, "level": 0.0125, "name": "3f2a9c1e77b0", "spent": 0.0375},
        "split": {"fingerprint": "9d" * 32, "count": len(golden.ids)},
        "subject": TUNED,
        "prompted": PROMPTED,
        "verdicts": gate_rows(golden, Recording(0.0125, note="look 2 of golden 3f2a"), bar),
        "measures": [
            {"subject": s, "metric": m, "tag": t, **numbers(golden.measure(s, m, t))}
            for s in subjects
            for m in metrics
            for t in (None, *TAGS)
            if t is None or m in ("exact_match", "field_accuracy")
        ],
        "differences": [
            {"metric": m, "reference": s, **numbers(golden.measure(TUNED, m) - golden.measure(s, m))}
            for s in subjects[1:]
            for m in metrics
        ],
        "turned": {"exact_match": {"right": 169, "wrong": 1, "p": 2.3e-49}},
        "opened": False,
    }


def run_record(dev: Examples, linear: bool) -> dict[str, Any]:
    def attempt(k: int, subject: str, rate: float, reason: str) -> dict[str, Any]:
        return {
            "k": k,
            "subject": subject,
            "seconds": 212.4 + 90 * k,
            "chance": (0.04, 0.81)[k - 1],
            "reason": reason,
            "failing": [] if k == 2 else ["exact_match >= 0.85"],
            "recipe": {
                "rank": 16,
                "alpha": 32,
                "targets": ["attention", "mlp"],
                "learning_rate": rate,
                "epochs": k,
                "prompt": "pruned",
            },
            "dev": {m: dev.measure(subject, m).value for m in ("exact_match", "field_accuracy", "json_valid")},
        }

    return {
        "task": "invoices",
        "id": "2026-11-24-0912",
        "status": "passed",
        "started": "2026-11-24T09:12:04+00:00",
        "finished": "2026-11-24T09:29:47+00:00",
        "seconds": 1063.2,
        "versions": {"python": "3.11.9", "goldgate": "0.1.0", "torch": "2.13.0"},
        "machine": {"cores": 2, "memory_gb": 15.6, "gflops": 148.2},
        "git": "b89de8a4c1",
        "data": {"train": {"count": 400, "fingerprint": "a1" * 32}, "dev": {"count": 60, "fingerprint": "b2" * 32}},
        "model": {"alias": "smollm2-135m", "digest": "b1" * 32},
        "suite": "c3" * 32,
        "seed": 7,
        "budget": {"minutes": 20, "attempts": 3},
        "prompted": PROMPTED,
        "baselines": [s for s in dev.values if s.startswith("base")],
        "linear": LINEAR if linear else None,
        "best": 2,
        "chance": 0.81,
        "attempts": [
            attempt(1, FIRST, 0.0005, "the default recipe"),
            attempt(2, TUNED, 0.001, "the loss was flat: learning rate up"),
        ],
        "steps": [
            {"name": "data", "seconds": 4.1},
            {"name": "baselines", "seconds": 311.0},
            {"name": "training", "seconds": 604.8},
            {"name": "dev answers", "seconds": 88.4},
            {"name": "golden", "seconds": 55.0},
        ],
        "latency": {TUNED: {"p50": 0.74, "p95": 1.12, "n": 20}, PROMPTED: {"p50": 1.61, "p95": 2.34, "n": 20}},
        "prices": {"per_million_input": 0.15, "per_million_output": 0.6},
    }


def write_run(folder: Path, *, golden: bool = True, bar: float = 0.85, linear: float | None = None) -> Path:
    """Writes a whole run folder. bar: of exact match, which decides the suite; linear: that model's exact match."""
    import pandas as pd

    rates = {**RATES, **({} if linear is None else {LINEAR: (linear, 0.5, 1.0)})}
    dev = Examples("dev", 60, rates)
    dev.inputs[0] = dev.inputs[0] + "\n" + HOSTILE
    first_wrong = dev.values[TUNED]["exact_match"].index(0.0)
    dev.inputs[first_wrong] += "\n" + HOSTILE
    dev.answers[TUNED][first_wrong] = HOSTILE
    dev.answers[PROMPTED][first_wrong] = "x" * 5000
    write_json(folder / "run.json", run_record(dev, linear is not None))
    for k in (1, 2):
        place = folder / "attempts" / str(k)
        rng = random.Random(k)
        write_json(
            place / "log.json",
            [
                {
                    "step": i,
                    "epoch": i / 50,
                    "loss": round(2.1 * math.exp(-i / (16 if k == 2 else 30)) + 0.05 + 0.06 * rng.random(), 4),
                    "learning_rate": 1e-3,
                    "tokens_per_second": 171.0 + rng.random(),
                    "seconds": 3.1 * i,
                }
                for i in range(1, 50 * k + 1)
            ],
        )
        write_json(place / "verdicts.json", gate_rows(dev, Recording(0.0125, force="observed"), bar))
    if golden:
        write_json(folder / "golden.json", golden_record(Examples("golden", 200, rates), bar, linear is not None))
    pd.DataFrame(
        [
            {
                "subject": s,
                "metric": m,
                "id": i,
                "value": v,
                "lo": BOUNDS.get(m, (0.0, 1.0))[0],
                "hi": BOUNDS.get(m, (0.0, 1.0))[1],
                "better": "low" if m in LOW else "high",
            }
            for s, metrics in dev.values.items()
            for m, values in metrics.items()
            for i, v in zip(dev.ids, values, strict=True)
        ]
    ).to_parquet(folder / "scores.parquet", index=False)
    pd.DataFrame(
        [
            {
                "subject": s,
                "id": i,
                "input": text,
                "expected": json.dumps(e, ensure_ascii=False),
                "text": a,
                "finish": "stop",
                "prompt_tokens": 90,
                "completion_tokens": 60,
                "seconds": 0.4,
                "tags": json.dumps(t),
            }
            for s, answers in dev.answers.items()
            for i, text, e, a, t in zip(dev.ids, dev.inputs, dev.expected, answers, dev.tags, strict=True)
        ]
    ).to_parquet(folder / "answers.parquet", index=False)
    return folder


@pytest.fixture(scope="session")
def passed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose golden suite passed."""
    return write_run(tmp_path_factory.mktemp("runs") / "passed")


@pytest.fixture(scope="session")
def passed_view(passed_run: Path) -> RunView:
    return load_run(passed_run)


@pytest.fixture(scope="session")
def beaten_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose accuracy gate asks too much, beside a linear model that does better."""
    return write_run(tmp_path_factory.mktemp("runs") / "beaten", bar=0.99, linear=0.99)


@pytest.fixture(scope="session")
def unlooked_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose budget ended before a look at golden."""
    return write_run(tmp_path_factory.mktemp("runs") / "unlooked", golden=False)


@pytest.fixture(scope="session")
def unlooked_view(unlooked_run: Path) -> RunView:
    return load_run(unlooked_run)
