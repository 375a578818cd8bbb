"""Properties of the ledger: one file per distinct look, levels that halve, and no look that can be lost unnoticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.ledger import Look, LookKey, level, mark_opened, open_look, read_looks, spent, write_outcome
from goldgate.measures import Measure, Verdict

keys = st.builds(LookKey, golden=st.sampled_from("gh"), candidate=st.sampled_from("abc"), suite=st.sampled_from("st"))
histories = st.lists(keys, min_size=1, max_size=7)


def look(folder: Path, key: LookKey, *, write: bool = True, error: float = 0.05, candidate: str = "adapter:x") -> Look:
    return open_look(folder, key, candidate=candidate, date="2026-11-24", commit=None, error=error, write=write)


def files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("*.json") if not p.name.endswith(".outcome.json"))


@given(histories)
@settings(deadline=None, max_examples=20)
def test_there_is_one_look_for_every_distinct_key(
    tmp_path_factory: pytest.TempPathFactory, history: list[LookKey]
) -> None:
    folder = tmp_path_factory.mktemp("ledger") / "looks"
    seen: list[LookKey] = []
    for key in history:
        found = look(folder, key)
        assert found.new == (key not in seen)
        seen += [] if key in seen else [key]
        assert (found.number, found.level) == (seen.index(key) + 1, level(seen.index(key) + 1))
        assert found.key == key
    assert len(files(folder)) == len(seen)
    assert [entry.key for entry in read_looks(folder)] == seen


@given(histories, st.sampled_from([0.01, 0.05, 0.2]))
@settings(deadline=None, max_examples=15)
def test_what_was_spent_stays_below_the_error(
    tmp_path_factory: pytest.TempPathFactory, history: list[LookKey], error: float
) -> None:
    folder = tmp_path_factory.mktemp("ledger") / "looks"
    for key in history:
        look(folder, key, error=error)
    looks = read_looks(folder)
    assert spent(looks) < error
    assert spent(looks) + looks[-1].level == pytest.approx(error)


@given(histories)
@settings(deadline=None, max_examples=15)
def test_a_ledger_that_lacks_any_look_but_the_last_decides_nothing(
    tmp_path_factory: pytest.TempPathFactory, history: list[LookKey]
) -> None:
    folder = tmp_path_factory.mktemp("ledger") / "looks"
    for key in history:
        look(folder, key)
    for lost in read_looks(folder)[:-1]:
        path = folder / f"{lost.name}.json"
        content = path.read_bytes()
        path.unlink()
        with pytest.raises(UserError, match=f"look {lost.name} is referred to by another file"):
            look(folder, history[0])
        path.write_bytes(content)
    assert not look(folder, history[0]).new


@pytest.mark.parametrize(
    ("field", "value"),
    [("number", 1), ("level", 0.5), ("error", 0.4), ("candidate", "another"), ("date", "2020-01-01"), ("known", [])],
)
def test_a_look_that_was_edited_in_any_field_is_refused(tmp_path: Path, field: str, value: object) -> None:
    look(tmp_path, LookKey("g", "a", "s"))
    second = look(tmp_path, LookKey("g", "b", "s"))
    path = tmp_path / f"{second.name}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(UserError, match="this look was edited"):
        read_looks(tmp_path)


def test_layout_alone_is_no_edit(tmp_path: Path) -> None:
    first = look(tmp_path, LookKey("g", "a", "s"))
    path = tmp_path / f"{first.name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True, indent=4))
    assert read_looks(tmp_path)[0].name == first.name


def test_the_candidates_name_and_the_day_are_no_part_of_the_key(tmp_path: Path) -> None:
    first = look(tmp_path, LookKey("g", "a", "s"), candidate="adapter:x")
    again = open_look(
        tmp_path,
        LookKey("g", "a", "s"),
        candidate="adapter:moved",
        date="2027-01-01",
        commit="f" * 40,
        error=0.05,
        write=True,
    )
    assert (again.name, again.number, again.new) == (first.name, 1, False)


def test_where_looks_may_not_be_written_a_new_one_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not recorded(?s:.)*--candidate adapter:x"):
        look(tmp_path / "looks", LookKey("g", "a", "s"), write=False)
    assert not (tmp_path / "looks").exists()
    known = look(tmp_path / "looks", LookKey("g", "a", "s"))
    assert look(tmp_path / "looks", LookKey("g", "a", "s"), write=False).name == known.name


def test_the_error_is_fixed_by_the_first_look(tmp_path: Path) -> None:
    look(tmp_path, LookKey("g", "a", "s"), error=0.05)
    with pytest.raises(UserError, match=r"error is 0\.1 in task\.yaml"):
        look(tmp_path, LookKey("g", "b", "s"), error=0.1)
    assert len(files(tmp_path)) == 1


def test_branches_that_looked_apart_are_merged_by_copying_files(tmp_path: Path) -> None:
    """Each branch has its own second look; merged they are three, and the next is the fourth."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        look(folder, LookKey("g", "a", "s"))
    look(ours, LookKey("g", "b", "s"))
    look(theirs, LookKey("g", "c", "s"))
    for path in files(theirs):
        (ours / path.name).write_bytes(path.read_bytes())
    assert [entry.number for entry in read_looks(ours)] == [1, 2, 2]
    assert look(ours, LookKey("g", "d", "s")).number == 4
    assert spent(read_looks(ours)) == pytest.approx(sum(level(j) for j in (1, 2, 2, 4)))


def verdicts(*outcomes: bool) -> list[Verdict]:
    return [Measure([1.0] * 40) >= (0.8 if passes else 0.99) for passes in outcomes]


@pytest.mark.parametrize(
    ("outcomes", "passed"),
    [((True,), True), ((True, True), True), ((True, False), False), ((False,), False), ((), False)],
)
def test_an_outcome_passes_where_every_gate_does_and_there_is_one(
    tmp_path: Path, outcomes: tuple[bool, ...], passed: bool
) -> None:
    entry = look(tmp_path, LookKey("g", "a", "s"))
    write_outcome(tmp_path, entry, verdicts(*outcomes), True)
    record = json.loads((tmp_path / f"{entry.name}.outcome.json").read_text())
    assert (record["pass"], record["opened"], len(record["gates"])) == (passed, False, len(outcomes))


def test_an_outcome_is_no_look_and_holds_no_score(tmp_path: Path) -> None:
    entry = look(tmp_path, LookKey("g", "a", "s"))
    mark_opened(tmp_path, entry)
    write_outcome(tmp_path, entry, verdicts(True), True)
    assert len(read_looks(tmp_path)) == 1
    record = json.loads((tmp_path / f"{entry.name}.outcome.json").read_text())
    assert record["opened"] is True
    assert all(set(row) == {"gate", "outcome"} for row in record["gates"])


def test_an_outcome_whose_look_is_lost_is_refused(tmp_path: Path) -> None:
    entry = look(tmp_path, LookKey("g", "a", "s"))
    write_outcome(tmp_path, entry, verdicts(True), True)
    (tmp_path / f"{entry.name}.json").unlink()
    with pytest.raises(UserError, match="referred to by another file"):
        read_looks(tmp_path)
