"""champion.json and its answers: written only for a pass, refused when edited, enough to decide without a model."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest

from goldgate.base.errors import UserError
from goldgate.champion.record import load_champion
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context
from goldgate.task.examples import load_split
from goldgate.task.project import Project
from goldgate.task.task import Task

from .conftest import ROWS, MakeTask, verdict


def test_only_a_pass_is_promoted(promoted: Callable[..., tuple[Project, Task]]) -> None:
    with pytest.raises(UserError, match="did not pass"):
        promoted([verdict(True), verdict(False)])
    with pytest.raises(UserError, match="did not pass"):
        promoted([])


def test_a_forced_promotion_keeps_its_reason(promoted: Callable[..., tuple[Project, Task]]) -> None:
    project, task = promoted([verdict(False)], forced="the old endpoint ends today")
    champion = load_champion(project, task.name)
    assert champion is not None
    assert champion.forced == "the old endpoint ends today"
    assert not all(champion.verdicts)


def test_the_recorded_answers_give_the_scores_back(promoted: Callable[..., tuple[Project, Task]]) -> None:
    project, task = promoted([verdict(True)])
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
    promoted([verdict(True)], run="r1", who="other")
    for run in ("r2", "r3"):  # nobody is his own predecessor
        project, task = promoted([verdict(True)], run=run)
        champion = load_champion(project, task.name)
        assert champion is not None
        assert (champion.run, [p["run"] for p in champion.previous]) == (run, ["r1"])


def test_the_previous_of_a_champion_is_the_one_before_it_and_of_another_candidate_the_champion(
    promoted: Callable[..., tuple[Project, Task]],
) -> None:
    promoted([verdict(True)], run="r1", who="first")
    project, task = promoted([verdict(True)], run="r2", who="second")
    champion = load_champion(project, task.name)
    assert champion is not None
    champion.check_previous("first", candidate="second")
    champion.check_previous("second", candidate="newcomer")
    for previous, candidate in (("second", "second"), ("first", "newcomer"), ("newcomer", "newcomer")):
        with pytest.raises(UserError, match="the run's previous champion is not today's"):
            champion.check_previous(previous, candidate)


def test_before_the_first_champion_there_was_nobody(promoted: Callable[..., tuple[Project, Task]]) -> None:
    project, task = promoted([verdict(True)], who="first")
    champion = load_champion(project, task.name)
    assert champion is not None
    champion.check_previous("first", candidate="newcomer")
    with pytest.raises(UserError, match="not today's"):
        champion.check_previous("first", candidate="first")


def test_edited_answers_are_refused(promoted: Callable[..., tuple[Project, Task]]) -> None:
    project, task = promoted([verdict(True)])
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
    project, task = promoted([verdict(True)])
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
    project, task = promoted([verdict(True)])
    champion = load_champion(project, task.name)
    assert champion is not None
    champion.check_serving(champion.serving)
    with pytest.raises(UserError, match="was never tested"):
        champion.check_serving("t")


def test_a_broken_record_is_named(promoted: Callable[..., tuple[Project, Task]]) -> None:
    project, task = promoted([verdict(True)])
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
    project, task = promoted([verdict(True)])
    path = task.folder / "champion.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UserError) as caught:
        load_champion(project, task.name)
    assert caught.value.where == f'{path}, field "{next(iter(change))}"'
    assert caught.value.hint
