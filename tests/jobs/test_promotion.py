"""promote and champions: only what passed becomes the champion, and what it replaces stays known."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from goldgate.answers.cache import answer_cache
from goldgate.answers.replay import SuiteAnswers, write_replay
from goldgate.champion import change as promotion
from goldgate.champion.record import load_champion
from goldgate.jobs.run_suite import run_suite
from goldgate.ledger import read_looks, suite_digest
from goldgate.perturb import letter_case
from goldgate.runs.folder import answers_folder
from goldgate.scorers import scorer_versions
from goldgate.subjects import Answer, parse_subject

from .conftest import BASE, passing, spoken, verdict, write_tested

Typed = Callable[..., tuple[int, str, str]]


def the_look(counts: Any) -> str:
    """The name of the one look at golden."""
    (look,) = read_looks(counts.golden / "looks")
    return str(look.name)


def promoted(typed: Typed, counts: Any, *wrong: int) -> list[Any]:
    """Promotes candidates, each at the same path and with so many wrong answers; returns the champions."""
    found = []
    for number, count in enumerate(wrong):
        passing(counts, count, f"weights {number}".encode())
        assert typed("promote", "r1")[0] == 0
        found.append(load_champion(counts.project, "counts"))
    return found


def test_a_run_that_passed_is_promoted_with_the_answers_that_prove_it(typed: Typed, counts: Any) -> None:
    name = passing(counts, wrong=3)
    said = spoken(typed, "promote", "r1")
    assert (said["champion"], said["forced"]) == (name, None)
    champion = load_champion(counts.project, "counts")
    assert champion is not None
    assert (champion.subject, champion.run, champion.look, champion.prompted) == (name, "r1", the_look(counts), BASE)
    assert champion.identity == parse_subject(name, counts.task, counts.project).identity
    assert champion.subjects == {name: champion.identity, BASE: champion.prompted_identity}
    assert champion.adapter["digest"]
    assert len(champion.recorded.rows) == 2 * (24 + 60)
    for example in counts.split("golden"):
        assert champion.recorded.lookup(champion.identity, example.digest) is not None


def test_what_beat_a_champion_of_before_is_not_promoted_over_the_one_of_today(typed: Typed, counts: Any) -> None:
    first, second = promoted(typed, counts, 3, 2)
    name = passing(counts, 1, b"weights 2")
    folder = answers_folder(counts.project, "counts", the_look_of(counts, name))
    seen = run_suite(counts.project, "counts", name, "golden", generate=False).evidence()
    train = counts.split("train").fingerprint
    for beaten, status in ((first, 2), (second, 0)):
        roles = {"previous": (f"{beaten.subject}-before", beaten.identity)}
        write_replay(folder, counts.task, train, folder.name, [*seen, SuiteAnswers(roles, [], {})])
        told = typed("promote", "r1")
        assert told[0] == status
        assert ("previous champion is not today's" in "".join(told[1:])) == (status == 2)


def the_look_of(counts: Any, name: str) -> str:
    """The name of the look at golden of the last candidate."""
    identity = parse_subject(name, counts.task, counts.project).identity
    return next(look.name for look in read_looks(counts.golden / "looks") if look.key.candidate == identity)


@pytest.mark.parametrize(
    ("change", "says"), [("adapter", "the candidate"), ("gates", "the suite"), ("golden", "the golden split")]
)
def test_what_was_changed_after_the_look_is_not_promoted(typed: Typed, counts: Any, change: str, says: str) -> None:
    name = passing(counts)
    if change == "adapter":
        counts.adapter(name.removeprefix("adapter:"), b"other weights")
    if change == "gates":
        counts.gates("def test_accuracy(candidate):\n    assert candidate.exact_match >= 0.10\n")
    if change == "golden":
        path = counts.golden / "golden.jsonl"
        path.write_text("\n".join(path.read_text().splitlines()[1:]))
        assert typed("prepare", "counts")[0] == 0
    status, out, err = typed("promote", "r1")
    assert (status, out) == (2, "")
    assert f"{says} changed after the look at golden" in err
    assert f"pytest suites/counts --candidate {name} --split golden" in err
    assert not list(counts.suite.glob("champion*"))


def test_champions_tells_who_was_promoted(typed: Typed, counts: Any) -> None:
    assert typed("champions")[1].split() == ["counts", "none"]
    name = passing(counts)
    assert typed("promote", "r1")[0] == 0
    assert name in typed("champions")[1]
    said = spoken(typed, "champions")["counts"]
    assert said["promoted"] == date.today().isoformat()
    assert (said["subject"], said["run"], said["look"], said["forced"]) == (name, "r1", the_look(counts), None)


def test_the_champion_may_be_evaluated_by_that_name(typed: Typed, counts: Any) -> None:
    name = passing(counts, wrong=3)
    typed("promote", "r1")
    said = spoken(typed, "evaluate", "counts", "--subject", "champion")
    assert (said["subject"], said["measures"]["exact_match"]["estimate"]) == (name, 21 / 24)


@pytest.mark.parametrize("verdicts", [[], [False], [True, False]])
def test_a_run_that_did_not_pass_is_not_promoted(typed: Typed, counts: Any, verdicts: list[bool]) -> None:
    name = passing(counts)
    write_tested(counts, name, *verdicts)
    status, out, err = typed("promote", "r1")
    assert (status, out) == (2, "")
    assert "run r1: the golden suite did not pass for this candidate" in err
    assert 'promote with --force "reason"' in err
    assert not list(counts.suite.glob("champion*"))


def test_a_forced_promotion_needs_a_reason_and_keeps_it(typed: Typed, counts: Any) -> None:
    name = passing(counts)
    write_tested(counts, name, False)
    for blank in ("", " \n"):
        status, _, err = typed("promote", "r1", "--force", blank)
        assert (status, "a forced promotion needs a reason" in err) == (2, True)
        assert not list(counts.suite.glob("champion*"))
    assert spoken(typed, "promote", "r1", "--force", "the old one is down")["forced"] == "the old one is down"
    assert spoken(typed, "champions")["counts"]["forced"] == "the old one is down"


def test_the_champion_that_is_replaced_stays_with_its_answers(typed: Typed, counts: Any) -> None:
    passing(counts, wrong=3)
    spoken(typed, "promote", "r1")
    first = load_champion(counts.project, "counts")
    passing(counts, wrong=1, weights=b"trained again")  # at the same path: the first adapter is gone
    spoken(typed, "promote", "r1")
    champion = load_champion(counts.project, "counts")
    assert first is not None
    assert champion is not None
    assert [p["identity"] for p in champion.previous] == [first.identity]
    for split in ("dev", "golden"):
        old = [champion.recorded.lookup(first.identity, e.digest) for e in counts.split(split)]
        assert sum(json.loads(str(a.text if a else a)) == {"n": -1} for a in old) == 3
    spoken(typed, "promote", "r1")  # once more: nobody is his own predecessor
    again = load_champion(counts.project, "counts")
    assert again is not None
    assert [p["identity"] for p in again.previous] == [first.identity]
    assert again.recorded.lookup(first.identity, counts.split("golden").examples[0].digest) is not None


def test_a_look_that_was_taken_by_hand_is_good_for_a_promotion(typed: Typed, counts: Any) -> None:
    """The run took none; pytest did, with its best attempt: the ledger knows that the suite passed."""
    name = passing(counts)
    (counts.project.runs("counts") / "r1" / "golden.json").unlink()
    shutil.rmtree(counts.golden / "looks")
    status, _, err = typed("promote", "r1")
    assert (status, f"pytest suites/counts --candidate {name} --split golden, then promote again" in err) == (2, True)
    assert run_suite(counts.project, "counts", name, "golden").passed
    assert spoken(typed, "promote", "r1")["champion"] == name
    champion = load_champion(counts.project, "counts")
    assert champion is not None
    assert champion.look == the_look(counts)
    assert [v.gate for v in champion.verdicts] == ["exact_match >= 0.80"]


def test_a_suite_that_no_longer_runs_as_a_whole_promotes_nothing_by_an_older_look(typed: Typed, counts: Any) -> None:
    name = passing(counts)
    (counts.project.runs("counts") / "r1" / "golden.json").unlink()
    shutil.rmtree(counts.golden / "looks")
    assert run_suite(counts.project, "counts", name, "golden").passed
    (counts.project.root / "pytest.ini").write_text("[pytest]\npython_functions = test_b*\n")
    status, _, err = typed("promote", "r1")
    assert (status, load_champion(counts.project, "counts")) == (2, None)
    assert "passed at that look, but does not pass now" in err
    assert "did not run" in err


def test_a_run_that_has_not_looked_at_golden_has_no_look(typed: Typed, counts: Any) -> None:
    name = passing(counts)
    (counts.project.runs("counts") / "r1" / "golden.json").unlink()
    shutil.rmtree(counts.golden / "looks")
    assert typed("promote", "r1")[0] == 2
    assert not list(counts.suite.glob("champion*"))
    said = spoken(typed, "promote", "r1", "--force", "urgent")
    assert said["champion"] == name
    assert spoken(typed, "champions")["counts"]["look"] is None


def test_the_champion_before_is_kept(typed: Typed, counts: Any) -> None:
    passing(counts, wrong=3)
    typed("promote", "r1")
    first = load_champion(counts.project, "counts")
    passing(counts, weights=b"better")
    typed("promote", "r1")
    second = load_champion(counts.project, "counts")
    assert first is not None
    assert second is not None
    assert second.identity != first.identity
    assert [p["identity"] for p in second.previous] == [first.identity]


@pytest.mark.parametrize("attempts", [[], [{"k": 2, "subject": "adapter:x"}]])
def test_a_run_without_a_finished_attempt_is_not_promoted(typed: Typed, counts: Any, attempts: list[Any]) -> None:
    counts.run("adapter:x", {"attempts": attempts, "best": None})
    status, _, err = typed("promote", "r1", "--force", "now")
    assert status == 2
    assert "the run has no finished attempt\n  let it train to the end" in err


@pytest.mark.parametrize("field", ["task", "prompted"])
def test_a_run_that_was_killed_before_it_was_recorded_is_not_promoted(typed: Typed, counts: Any, field: str) -> None:
    passing(counts)
    path = counts.project.runs("counts") / "r1" / "run.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in record.items() if k != field}))
    status, out, err = typed("promote", "r1")
    assert (status, out) == (2, "")
    assert f'run.json, field "{field}": "{field}" is missing\n  ' in err
    assert not list(counts.suite.glob("champion*"))


@pytest.mark.parametrize(
    "change",
    [
        *({field: None} for field in ("passed", "identity", "suite", "split", "subject", "verdicts", "look")),
        {"split": {}},
        {"verdicts": [1]},
        {"verdicts": [{"verdict": None}]},
        {"verdicts": [{"verdict": {"gate": "x"}}]},
    ],
)
def test_what_a_run_lacks_of_golden_is_named(typed: Typed, counts: Any, change: dict[str, Any]) -> None:
    passing(counts)
    path = counts.project.runs("counts") / "r1" / "golden.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    status, out, err = typed("promote", "r1")
    assert (status, out) == (2, "")
    assert "golden.json, field " in err
    assert "train again" in err
    assert not list(counts.suite.glob("champion*"))


def test_an_adapter_that_is_gone_is_not_promoted(typed: Typed, counts: Any) -> None:
    folder = Path(passing(counts).removeprefix("adapter:"))
    shutil.rmtree(folder)
    status, out, err = typed("promote", "r1")
    assert (status, out) == (2, "")
    assert str(folder) in err
    assert not list(counts.suite.glob("champion*"))


def test_a_promotion_records_the_answers_to_perturbed_golden_and_to_samples(typed: Typed, counts: Any) -> None:
    counts.cached(BASE, dev=2, golden=1)
    adapter = counts.adapter("runs/lost")
    counts.cached(adapter, dev=2, golden=1)
    subject = parse_subject(adapter, counts.task, counts.project)
    shouted = [x for e in counts.split("golden") if (x := letter_case.apply(e)) is not None]
    again = subject.sampled(1)
    made = [
        Answer(e.id, '{"n": 1}', "stop", 9, 3, 0.1, None, who.identity, who.fingerprint(e), e.digest)
        for who, asked in ((subject, shouted), (again, counts.split("golden")))
        for e in asked
    ]
    gone = replace(made[0], id="g999", example="0" * 64, fingerprint="of a golden split that is no more")
    answer_cache(counts.project, "golden").put_many([*made, gone])
    assert typed("promote", counts.run(adapter, {"prompted": BASE}), "--force", "a test")[0] == 0
    for _ in range(2):
        champion = load_champion(counts.project, "counts")
        assert champion is not None
        for answer in made:
            found = champion.recorded.lookup(answer.identity, answer.example)
            assert found is not None
            assert found.text == '{"n": 1}'
        assert champion.recorded.lookup(subject.identity, gone.example) is None
        shutil.rmtree(counts.project.cache)  # and once more, where only the record knows them
        counts.cached(BASE, dev=2, golden=1)
        counts.cached(adapter, dev=2, golden=1)
        assert typed("promote", "r1", "--force", "a test")[0] == 0


def test_a_pass_that_the_ledger_does_not_know_is_not_promoted(typed: Typed, counts: Any) -> None:
    name = passing(counts)
    shutil.rmtree(counts.golden / "looks")
    status, out, err = typed("promote", "r1")
    assert (status, out) == (2, "")
    assert "the ledger of looks has no golden suite that passed for this candidate" in err
    assert f"pytest suites/counts --candidate {name} --split golden" in err
    assert not list(counts.suite.glob("champion*"))


def test_a_golden_record_that_was_edited_into_a_pass_is_not_promoted(typed: Typed, counts: Any) -> None:
    name = counts.adapter("mine")
    counts.cached(name, dev=1, golden=30)
    counts.cached(BASE, dev=12, golden=30)
    write_tested(counts, name, False)
    path = counts.project.runs("counts") / "r1" / "golden.json"
    record = json.loads(path.read_text())
    path.write_text(
        json.dumps({**record, "passed": True, "verdicts": [{"item": "x", "verdict": verdict(True).to_json()}]})
    )
    status, out, err = typed("promote", "r1")
    assert (status, out) == (2, "")
    assert "the ledger of looks says that the golden suite failed for this candidate" in err
    assert not list(counts.suite.glob("champion*"))


# rollback


def test_the_champion_before_is_the_champion_again_as_it_was(typed: Typed, counts: Any) -> None:
    first, second = promoted(typed, counts, 3, 1)
    said = spoken(typed, "rollback", "counts", "--reason", "customers complain")
    assert (said["identity"], said["instead_of"]) == (first.identity, second.identity)
    again = load_champion(counts.project, "counts")
    assert again is not None
    assert (again.verdicts, again.answers, again.previous, again.promoted) == (
        first.verdicts,
        first.answers,
        first.previous,
        first.promoted,
    )
    wrong = [again.recorded.lookup(first.identity, e.digest) for e in counts.split("golden")]
    assert sum(json.loads(str(a.text if a else None)) == {"n": -1} for a in wrong) == 3
    (taken,) = again.rollbacks
    assert (taken["identity"], taken["reason"], taken["date"]) == (
        second.identity,
        "customers complain",
        date.today().isoformat(),
    )
    assert second.look in again.looks


def test_what_was_taken_back_can_return(typed: Typed, counts: Any) -> None:
    first, second = promoted(typed, counts, 3, 1)
    spoken(typed, "rollback", "counts", "--reason", "a mistake")
    spoken(typed, "rollback", "counts", "--reason", "it was none", "--to", second.identity[:6])
    again = load_champion(counts.project, "counts")
    assert again is not None
    assert (again.identity, again.answers, again.previous) == (second.identity, second.answers, second.previous)
    assert [row["identity"] for row in again.rollbacks] == [first.identity, second.identity]


def test_the_next_promotion_goes_on_from_who_is_champion_again(typed: Typed, counts: Any) -> None:
    first, second = promoted(typed, counts, 3, 1)
    spoken(typed, "rollback", "counts", "--reason", "a mistake")
    passing(counts, 0, b"third")
    assert typed("promote", "r1")[0] == 0
    third = load_champion(counts.project, "counts")
    assert third is not None
    assert [row["identity"] for row in third.previous] == [first.identity]
    assert [row["identity"] for row in third.rollbacks] == [second.identity]


def test_a_rollback_says_what_is_missing_of_the_old_champion(typed: Typed, counts: Any) -> None:
    promoted(typed, counts, 3, 1)  # the second adapter lies where the first did
    _, out, _ = typed("rollback", "counts", "--reason", "x")
    assert "is the champion of counts again" in out
    assert "its adapter is not at runs/counts/r1/attempts/1/adapter: restore it" in out
    assert "pytest suites/counts" in out


def test_a_rollback_without_its_answers_changes_nothing(typed: Typed, counts: Any) -> None:
    first, second = promoted(typed, counts, 3, 1)
    kept = counts.suite / "champions" / first.identity[:12]
    for damage, says in (
        (lambda: (kept / "champion_answers.jsonl.gz").write_bytes(b"edited"), "the champion's answers were edited"),
        (lambda: (kept / "champion_answers.jsonl.gz").unlink(), "the champion's answers are missing"),
        (lambda: shutil.rmtree(kept), f'no record and answers are kept of champion "{first.identity[:12]}"'),
    ):
        damage()
        status, out, err = typed("rollback", "counts", "--reason", "x")
        assert (status, out) == (2, "")
        assert says in err
        now = load_champion(counts.project, "counts")
        assert now is not None
        assert (now.identity, now.answers) == (second.identity, second.answers)
        assert now.recorded.rows


def test_a_kept_record_that_never_passed_is_no_champion(typed: Typed, counts: Any) -> None:
    first, _ = promoted(typed, counts, 3, 1)
    path = counts.suite / "champions" / first.identity[:12] / "champion.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "verdicts": [verdict(False).to_json()]}))
    status, _, err = typed("rollback", "counts", "--reason", "x")
    assert status == 2
    assert "neither passed nor was forced" in err


def test_a_rollback_to_another_way_of_answering_is_refused(typed: Typed, counts: Any) -> None:
    promoted(typed, counts, 3, 1)
    counts.settings(decoding={"max_new_tokens": 9})
    status, _, err = typed("rollback", "counts", "--reason", "x")
    assert status == 2
    assert "restore task.yaml" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--reason", " "), "a rollback needs a reason"),
        (("--reason", "x"), "there was no champion before"),
        (("--reason", "x", "--to", "zz"), 'no record and answers are kept of champion "zz"'),
        (("--reason", "x", "--to", ""), "no record and answers are kept"),
        ((), "--reason"),
    ],
)
def test_a_rollback_that_cannot_be_says_why(typed: Typed, counts: Any, words: tuple[str, ...], says: str) -> None:
    status, _, err = typed("rollback", "counts", "--reason", "x")
    assert (status, "nothing is promoted for counts" in err) == (2, True)
    promoted(typed, counts, 1)
    status, out, err = typed("rollback", "counts", *words)
    assert (status, out) == (2, "")
    assert says in err


def test_the_champion_is_not_rolled_back_to_itself(typed: Typed, counts: Any) -> None:
    (champion,) = promoted(typed, counts, 1)
    status, _, err = typed("rollback", "counts", "--reason", "x", "--to", champion.identity[:8])
    assert (status, "is already the champion" in err) == (2, True)


def test_a_rollback_that_is_killed_has_happened_or_not(
    typed: Typed, counts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = promoted(typed, counts, 3, 1)
    whole, seen = promotion.write_whole, set()

    def killed_at(name: str) -> None:
        def write(path: Path, data: Any) -> None:
            if path.name == name:
                raise KeyboardInterrupt
            whole(path, data)

        monkeypatch.setattr(promotion, "write_whole", write)

    for name in ("champion_answers.jsonl.gz", "none"):
        killed_at(name)
        typed("rollback", "counts", "--reason", "x")
        now = load_champion(counts.project, "counts")
        assert now is not None
        seen.add(now.identity)
        assert all(now.recorded.lookup(now.identity, e.digest) for e in counts.split("golden"))
    assert seen <= {first.identity, second.identity}


def test_a_promotion_that_is_killed_leaves_the_old_champion_with_its_answers(
    typed: Typed, counts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = promoted(typed, counts, 3)
    passing(counts, 1, b"second")

    def killed(path: Path, value: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(promotion, "write_json", killed)
    assert typed("promote", "r1")[0] == 130
    now = load_champion(counts.project, "counts")
    assert now is not None
    assert now.identity == first.identity
    assert all(now.recorded.lookup(now.identity, e.digest) for e in counts.split("golden"))


def test_a_copy_that_was_killed_is_no_champion(typed: Typed, counts: Any) -> None:
    first, _ = promoted(typed, counts, 3, 1)
    part = counts.suite / "champions" / f".{first.identity[:12]}.x.part"
    part.mkdir()
    (part / "champion.json").write_text("{")
    assert spoken(typed, "rollback", "counts", "--reason", "x")["identity"] == first.identity
    assert not part.exists()


def test_the_last_champions_are_kept_and_no_more(typed: Typed, counts: Any) -> None:
    champions = promoted(typed, counts, *([0] * (promotion.KEPT + 2)))
    said = spoken(typed, "champions", "counts")
    assert [row["identity"] for row in said["previous"]] == [c.identity for c in reversed(champions[:-1])]
    assert [row["kept"] for row in said["previous"]] == [True] * promotion.KEPT + [False]
    assert len(list((counts.suite / "champions").iterdir())) == promotion.KEPT


def test_the_history_of_a_task_is_told(typed: Typed, counts: Any) -> None:
    assert typed("champions", "counts")[1] == "counts: none\n"
    first, second = promoted(typed, counts, 3, 1)
    assert [line.split()[0] for line in typed("champions", "counts")[1].splitlines()] == ["now", "before"]
    typed("rollback", "counts", "--reason", "it shouts")
    lines = typed("champions", "counts")[1].splitlines()
    assert first.identity[:12] in lines[0]
    assert second.identity[:12] in lines[1]
    assert lines[1].startswith("rolled back")
    assert lines[1].endswith(f"; {date.today().isoformat()}: it shouts")
    assert typed("champions", "count")[0] == 2


def test_champions_that_are_kept_are_no_part_of_the_suite(typed: Typed, counts: Any) -> None:
    before = suite_digest(counts.task, scorer_versions(counts.task))
    promoted(typed, counts, 3, 1)
    assert (counts.suite / "champions").is_dir()
    assert suite_digest(counts.task, scorer_versions(counts.task)) == before
