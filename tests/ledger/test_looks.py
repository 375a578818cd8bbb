"""The ledger of looks: what identifies a look, its number and level, and what is rejected."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import goldgate
from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest
from goldgate.ledger import (
    Look,
    LookKey,
    check_ledger,
    check_named,
    is_opened,
    looks_left,
    mark_opened,
    open_look,
    read_looks,
    spent,
    write_outcome,
)
from goldgate.measures import Measure

KEY = LookKey(golden="g1", candidate="c1", suite="s1")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "golden" / "invoices" / "looks"


def look(folder: Path, key: LookKey = KEY, write: bool = True, error: float = 0.05, date: str = "2026-01-02") -> Look:
    return open_look(folder, key, candidate="adapter:runs/1", date=date, commit="abc", error=error, write=write)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def test_the_first_look_is_at_half_the_error_and_each_further_one_at_half_of_that(ledger: Path) -> None:
    looks = [look(ledger, LookKey("g1", f"c{i}", "s1")) for i in range(4)]
    assert [(x.number, x.level, x.new) for x in looks] == [
        (1, 0.025, True),
        (2, 0.0125, True),
        (3, 0.00625, True),
        (4, 0.003125, True),
    ]
    assert spent(read_looks(ledger)) == pytest.approx(0.046875)


def test_same_candidate_is_no_second_look(ledger: Path) -> None:
    first = look(ledger)
    look(ledger, LookKey("g1", "c2", "s1"))
    again = look(ledger, date="2026-09-09")
    assert (again.number, again.level, again.name, again.new) == (1, 0.025, first.name, False)
    assert len(files(ledger)) == 2


@pytest.mark.parametrize("other", [LookKey("g2", "c1", "s1"), LookKey("g1", "c2", "s1"), LookKey("g1", "c1", "s2")])
def test_other_golden_candidate_or_suite_is_a_new_look(ledger: Path, other: LookKey) -> None:
    look(ledger)
    assert (look(ledger, other).number, look(ledger, other).new) == (2, False)


def test_a_look_says_what_it_was_and_which_looks_it_knew(ledger: Path) -> None:
    first = look(ledger)
    second = look(ledger, LookKey("g1", "c2", "s1"))
    content = json.loads((ledger / f"{second.name}.json").read_text())
    assert content == {
        "key": {"golden": "g1", "candidate": "c2", "suite": "s1"},
        "number": 2,
        "level": 0.0125,
        "error": 0.05,
        "candidate": "adapter:runs/1",
        "date": "2026-01-02",
        "commit": "abc",
        "known": [first.name],
        "compared": {},
        "examples": "",
    }


def test_where_nothing_may_be_written_a_recorded_look_is_found_and_another_is_refused(ledger: Path) -> None:
    with pytest.raises(UserError, match="not recorded") as error:
        look(ledger, write=False)
    assert "pytest --split golden --candidate adapter:runs/1" in str(error.value)
    assert not ledger.exists()
    look(ledger)
    assert look(ledger, write=False).number == 1
    assert len(files(ledger)) == 1


def test_a_deleted_look_is_noticed(ledger: Path) -> None:
    first = look(ledger)
    look(ledger, LookKey("g1", "c2", "s1"))
    (ledger / f"{first.name}.json").unlink()
    with pytest.raises(UserError, match=f"look {first.name} is referred to by another file but is not in the ledger"):
        look(ledger, LookKey("g1", "c3", "s1"))


def test_a_deleted_look_is_noticed_by_its_outcome_and_by_those_who_name_it(ledger: Path) -> None:
    only = look(ledger)
    write_outcome(ledger, only, [Measure([1.0] * 50) >= 0.8], True)
    check_named(ledger, [only.name])
    (ledger / f"{only.name}.json").unlink()
    with pytest.raises(UserError, match=only.name):
        read_looks(ledger)
    with pytest.raises(UserError, match=only.name):
        check_named(ledger, [only.name])


def test_an_edited_look_is_noticed(ledger: Path) -> None:
    only = look(ledger)
    path = ledger / f"{only.name}.json"
    path.write_text(path.read_text().replace('"level": 0.025', '"level": 0.25'))
    with pytest.raises(UserError, match="does not match its file name"):
        look(ledger)


def test_a_broken_file_is_named(ledger: Path) -> None:
    only = look(ledger)
    (ledger / f"{only.name}.json").write_text("{")
    with pytest.raises(UserError, match=f"{only.name}.json, line 1"):
        read_looks(ledger)


def test_error_is_fixed_by_the_first_look(ledger: Path) -> None:
    assert look(ledger, error=0.1).level == 0.05
    assert look(ledger, error=0.05).number == 1  # a recorded look is unchanged
    with pytest.raises(UserError, match=r"was taken with 0\.1"):
        look(ledger, LookKey("g1", "c2", "s1"), error=0.05)


def test_outcomes_stand_beside_looks_and_do_not_count(ledger: Path) -> None:
    first = look(ledger)
    write_outcome(ledger, first, [Measure([1.0] * 50) >= 0.8, Measure([0.0] * 50) >= 0.8], True)
    outcome = json.loads((ledger / f"{first.name}.outcome.json").read_text())
    assert outcome == {
        "look": first.name,
        "pass": False,
        "opened": False,
        "gates": [{"gate": "measure >= 0.80", "outcome": "pass"}, {"gate": "measure >= 0.80", "outcome": "fail"}],
    }
    assert look(ledger, LookKey("g1", "c2", "s1")).number == 2


def test_a_test_without_a_gate_that_fails_is_no_pass(ledger: Path) -> None:
    only = look(ledger)
    write_outcome(ledger, only, [Measure([1.0] * 50) >= 0.8], False)
    assert json.loads((ledger / f"{only.name}.outcome.json").read_text())["pass"] is False


def test_an_outcome_without_verdicts_is_no_pass(ledger: Path) -> None:
    first = look(ledger)
    write_outcome(ledger, first, [], True)
    assert json.loads((ledger / f"{first.name}.outcome.json").read_text())["pass"] is False


def test_branches_merge_and_the_next_look_counts_both(tmp_path: Path) -> None:
    """Two branches each spend look 2; merged there are three looks, and the next is the fourth."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    first = look(ours)
    look(theirs)
    assert files(ours)[0].read_text() == files(theirs)[0].read_text()
    a, b = look(ours, LookKey("g1", "a", "s1")), look(theirs, LookKey("g1", "b", "s1"))
    assert (a.number, b.number) == (2, 2)
    for file in files(theirs):
        (ours / file.name).write_bytes(file.read_bytes())
    assert read_looks(ours)[0].name == first.name
    assert look(ours, LookKey("g1", "c", "s1")).number == 4
    assert spent(read_looks(ours)) == pytest.approx(0.025 + 2 * 0.0125 + 0.003125)


def test_many_parallel_branches_wear_golden_out(tmp_path: Path) -> None:
    merged = tmp_path / "merged"
    for branch in range(4):
        alone = tmp_path / str(branch)
        look(alone, LookKey("g1", f"c{branch}", "s1"))
        shutil.copytree(alone, merged, dirs_exist_ok=True)
    assert spent(read_looks(merged)) == pytest.approx(0.1)
    with pytest.raises(UserError, match=r"(?s)to 10.2%, more than 10.0%.*refresh golden: goldgate prepare"):
        look(merged, LookKey("g1", "c9", "s1"))
    assert len(files(merged)) == 4
    assert look(merged, LookKey("g1", "c2", "s1")).new is False
    look(tmp_path / "fifth", LookKey("g1", "c5", "s1"))
    shutil.copytree(tmp_path / "fifth", merged, dirs_exist_ok=True)
    with pytest.raises(UserError, match=r"(?s)the 5 looks raise .* to 12.5%, more than 10.0%.*refresh golden"):
        look(merged, LookKey("g1", "c2", "s1"))  # a recorded look can no longer decide either


def test_processes_at_once_write_different_numbers(ledger: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from goldgate.ledger import LookKey, open_look\n"
        "for i in range(4):\n"
        "    key = LookKey('g1', sys.argv[2] + str(i), 's1')\n"
        "    open_look(Path(sys.argv[1]), key, candidate='x', date='d', commit=None, error=0.05, write=True)\n"
    )
    root = Path(goldgate.__file__).parents[1]
    running = [subprocess.Popen([sys.executable, "-c", code, str(ledger), name], cwd=root) for name in "abc"]
    assert [p.wait(120) for p in running] == [0, 0, 0]
    looks = read_looks(ledger)
    assert [x.number for x in looks] == list(range(1, 13))
    assert [len(x.known) for x in looks] == list(range(12))


def test_the_lock_is_kept_out_of_git(ledger: Path) -> None:
    look(ledger)
    assert (ledger / ".gitignore").read_text() == ".lock\n"


def test_looks_are_left_without_end_on_one_line_of_history(ledger: Path) -> None:
    assert looks_left((), 0.05, 40) == 40
    for i in range(3):
        look(ledger, LookKey("g1", f"c{i}", "s1"))
    assert looks_left(read_looks(ledger), 0.05, 40) == 40


def test_branches_that_spent_the_same_levels_leave_fewer_looks(ledger: Path, tmp_path: Path) -> None:
    other = tmp_path / "branch" / "looks"
    for i in range(2):
        look(ledger, LookKey("g1", f"c{i}", "s1"))
        look(other, LookKey("g1", f"d{i}", "s1"))
    for path in other.glob("*.json"):
        shutil.copy(path, ledger)
    looks = read_looks(ledger)
    assert spent(looks) == pytest.approx(0.075)
    assert looks_left(looks, 0.05, 5) == 0
    assert looks_left(looks[:2], 0.05, 5) == 0, "two first looks have spent it all"


def test_golden_stays_opened_when_the_outcome_that_says_so_is_lost(ledger: Path) -> None:
    first = look(ledger)
    assert not is_opened(ledger)
    mark_opened(ledger, first)
    mark_opened(ledger, first)
    look(ledger, LookKey("g1", "c2", "s1"))
    (ledger / f"{first.name}.outcome.json").unlink()
    assert is_opened(ledger)


def test_an_outcome_is_written_once_and_opening_changes_nothing_else_in_it(ledger: Path) -> None:
    first = look(ledger)
    mark_opened(ledger, first)
    path = ledger / f"{first.name}.outcome.json"
    assert json.loads(path.read_text()) == {"look": first.name, "pass": None, "opened": True, "gates": []}
    write_outcome(ledger, first, [Measure([0.0] * 50) >= 0.8], False)
    write_outcome(ledger, first, [Measure([1.0] * 50) >= 0.8], True)
    assert json.loads(path.read_text()) == {
        "look": first.name,
        "pass": False,
        "opened": True,
        "gates": [{"gate": "measure >= 0.80", "outcome": "fail"}],
    }


@pytest.mark.parametrize("sealed", [True, False])
def test_sealed_is_fixed_by_the_first_look_and_stands_in_it(ledger: Path, sealed: bool) -> None:
    open_look(ledger, KEY, candidate="x", date="d", commit=None, error=0.05, write=True, sealed=sealed)
    (only,) = check_ledger(ledger, sealed=sealed)
    assert only.sealed is sealed
    with pytest.raises(UserError, match="which the first look fixed, or refresh golden"):
        open_look(ledger, KEY, candidate="x", date="d", commit=None, error=0.05, write=True, sealed=not sealed)


def test_what_a_retired_ledger_holds_is_not_missed(ledger: Path) -> None:
    first, second = look(ledger), look(ledger, LookKey("g1", "c2", "s1"))
    retired = ledger.parent / "retired" / "abc" / "looks"
    retired.parent.mkdir(parents=True)
    ledger.rename(retired)
    check_named(ledger, [first.name, second.name])
    (retired / f"{first.name}.json").unlink()
    with pytest.raises(UserError, match=f"look {first.name} is referred to by another file"):
        check_named(ledger, [first.name, second.name])


def test_a_look_of_the_first_release_without_an_outcome_is_spent_and_never_found_again(ledger: Path) -> None:
    """It does not say whom it compared with; with an outcome, the words of its gates bind."""
    first = look(ledger)
    path = ledger / f"{first.name}.json"
    old = {k: v for k, v in json.loads(path.read_text()).items() if k not in ("compared", "examples")}
    path.unlink()
    name = digest(old)[:12]
    (ledger / f"{name}.json").write_text(json.dumps(old))
    assert look(ledger).number == 2
    write_outcome(ledger, read_looks(ledger)[0], [Measure([1.0] * 50) >= 0.8], True)
    assert look(ledger).number == 1


@pytest.mark.parametrize("now", [{"prompted": "q"}, {"previous": "b", "prompted": "p"}])
def test_another_reference_is_another_look_and_one_more_is_not(ledger: Path, now: dict[str, str]) -> None:
    def taken(compared: dict[str, str]) -> int:
        return open_look(
            ledger, KEY, candidate="x", date="d", commit=None, error=0.05, write=True, compared=compared
        ).number

    assert taken({"prompted": "p", "previous": "a"}) == 1
    assert taken({"prompted": "p"}) == taken({"prompted": "p", "linear": "l"}) == 1
    assert taken(now) == 2
