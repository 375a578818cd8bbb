"""champion.json and its answers: written only for a pass, refused when edited, enough to decide without a model."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate.champion.change import Entrant, write_champion
from goldgate.champion.record import load_champion
from goldgate.measures import Measure, Verdict
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context
from goldgate.subjects import Answer
from goldgate.task.examples import Split, load_split
from goldgate.task.project import Project
from goldgate.task.task import Task

MakeTask = Callable[..., tuple[Project, Task]]
ROWS = [(f"question {i}", f"answer {i}") for i in range(6)]


def _view(task: Task, split: Split, identity: str, right: int, cache: Path) -> Scored:
    answers = {
        e.id: Answer(
            e.id, e.output if n < right else "wrong", "stop", 5, 2, 0.1, -0.5, identity, f"{identity}{e.id}", e.digest
        )
        for n, e in enumerate(split)
    }
    return Scored("candidate", ScoreTable(Context(task, cache), split, answers))


@pytest.fixture
def promoted(make_task: MakeTask) -> Callable[..., tuple[Project, Task]]:
    """promoted(verdicts, forced): a task with a champion that answered 6 of 6 and a baseline that answered 2."""

    def promote(
        verdicts: list[Verdict], forced: str | None = None, run: str = "r1", who: str = "me"
    ) -> tuple[Project, Task]:
        project, task = make_task(
            {"kind": "label", "labels": [o for _, o in ROWS]},
            train=[("a", ROWS[0][1])],
            dev=ROWS,
            golden=[(f"{q}!", a) for q, a in ROWS],
        )
        splits = [load_split(project, task.name, s) for s in ("dev", "golden")]
        entrants = [
            Entrant(name, identity, [_view(task, s, identity, right, project.cache) for s in splits])
            for name, identity, right in (("adapter:x", who, 6), ("base+zero_shot", "them", 2))
        ]
        write_champion(
            project,
            task,
            entrants[0],
            entrants[1],
            [],
            adapter={"path": "x", "digest": "d"},
            run=run,
            serving="s",
            look=None,
            verdicts=verdicts,
            forced=forced,
            opened=False,
            tried={"base+zero_shot": "them"},
            untried={"base+few_shot:2": "cost"},
            today="2026-11-26",
        )
        return project, task

    return promote


def _verdict(passes: bool) -> Verdict:
    return Measure([1.0] * 20, name="exact_match").verdict(">=", 0.5 if passes else 0.99)


def test_only_a_pass_is_promoted(promoted: Callable[..., tuple[Project, Task]]) -> None:
    with pytest.raises(UserError, match="did not pass"):
        promoted([_verdict(True), _verdict(False)])
    with pytest.raises(UserError, match="did not pass"):
        promoted([])


def test_a_forced_promotion_keeps_its_reason(promoted: Callable[..., tuple[Project, Task]]) -> None:
    project, task = promoted([_verdict(False)], forced="the old endpoint ends today")
    champion = load_champion(project, task.name)
    assert champion is not None
    assert champion.forced == "the old endpoint ends today"
    assert not all(champion.verdicts)


def test_the_recorded_answers_give_the_scores_back(promoted: Callable[..., tuple[Project, Task]]) -> None:
    project, task = promoted([_verdict(True)])
    champion = load_champion(project, task.name)
    assert champion is not None
    golden = load_split(project, task.name, "golden")
    answers = {e.id: champion.recorded.lookup(champion.prompted_identity, e.digest) for e in golden}
    assert all(a is not None for a in answers.values())
    scored = Scored(
        "prompted", ScoreTable(Context(task, project.cache), golden, {k: a for k, a in answers.items() if a})
    )
    assert scored.exact_match.value == pytest.approx(2 / 6)


def test_the_champion_before_is_remembered(promoted: Callable[..., tuple[Project, Task]]) -> None:
    promoted([_verdict(True)], run="r1", who="other")
    for run in ("r2", "r3"):  # nobody is his own predecessor
        project, task = promoted([_verdict(True)], run=run)
        champion = load_champion(project, task.name)
        assert champion is not None
        assert (champion.run, [p["run"] for p in champion.previous]) == (run, ["r1"])


def test_edited_answers_are_refused(promoted: Callable[..., tuple[Project, Task]]) -> None:
    project, task = promoted([_verdict(True)])
    path = task.folder / "champion_answers.jsonl.gz"
    text = gzip.decompress(path.read_bytes()).decode().replace('"wrong"', '"answer 5"', 1)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    champion = load_champion(project, task.name)
    assert champion is not None
    with pytest.raises(UserError, match="answers were edited"):
        _ = champion.recorded
    path.unlink()
    with pytest.raises(UserError, match="answers are missing"):
        _ = load_champion(project, task.name).recorded  # type: ignore[union-attr]


def test_scores_of_another_version_of_a_scorer_are_not_known(promoted: Callable[..., tuple[Project, Task]]) -> None:
    project, task = promoted([_verdict(True)])
    champion = load_champion(project, task.name)
    assert champion is not None
    split = load_split(project, task.name, "golden")
    row = champion.recorded.rows[0]
    row["scores"] = {"exact_match": 1.0}
    example = next(e.id for e in split if e.digest == row["example"]) if row["split"] == "golden" else None
    split = split if example else load_split(project, task.name, "dev")
    now = dict(champion.scorers)
    assert set(champion.file.known_scores(row["identity"], split, now)) == {"exact_match"}
    assert champion.file.known_scores(row["identity"], split, {**now, "exact_match": 99}) == {}


def test_another_way_of_answering_is_refused(promoted: Callable[..., tuple[Project, Task]]) -> None:
    project, task = promoted([_verdict(True)])
    champion = load_champion(project, task.name)
    assert champion is not None
    champion.check_serving("s")
    with pytest.raises(UserError, match="was never tested"):
        champion.check_serving("t")


def test_a_broken_record_is_named(promoted: Callable[..., tuple[Project, Task]]) -> None:
    project, task = promoted([_verdict(True)])
    path = task.folder / "champion.json"
    raw = json.loads(path.read_text())
    raw["verdict"] = raw.pop("verdicts")
    path.write_text(json.dumps(raw))
    with pytest.raises(UserError, match=r"keys missing or unknown: verdict, verdicts"):
        load_champion(project, task.name)


def test_no_champion_is_none(make_task: MakeTask) -> None:
    project, task = make_task({"kind": "text"}, train=ROWS)
    assert load_champion(project, task.name) is None


@pytest.mark.parametrize(
    "change",
    [
        {"verdicts": None},
        {"verdicts": [1]},
        {"verdicts": [None]},
        {"verdicts": ["x"]},
        {"previous": None},
        {"identity": None},
        {"subjects": []},
        {"look": 1},
    ],
)
def test_a_field_that_cannot_be_is_named(
    promoted: Callable[..., tuple[Project, Task]], change: dict[str, object]
) -> None:
    project, task = promoted([_verdict(True)])
    path = task.folder / "champion.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UserError) as caught:
        load_champion(project, task.name)
    assert caught.value.where == f'{path}, field "{next(iter(change))}"'
    assert caught.value.hint
