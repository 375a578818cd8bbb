"""How the champion changes: who was before is kept, and can be brought back as it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from goldgate.base.errors import UserError
from goldgate.base.files import read_json, write_json
from goldgate.champion.change import CARD, KEPT, roll_back
from goldgate.champion.record import ANSWERS, RECORD, Champion, kept_champions, kept_folder, load_champion
from goldgate.task.project import Project
from goldgate.task.task import Task

from .conftest import verdict

Promote = Callable[..., tuple[Project, Task]]


def champions(promoted: Promote, *identities: str) -> tuple[Project, Task]:
    """Promotes them one after the other."""
    for number, who in enumerate(identities, 1):
        project, task = promoted([verdict(True)], run=f"r{number}", who=who)
        (task.folder / CARD).write_text(f"card of {who}")
    return project, task


def now(project: Project, task: Task) -> Champion:
    champion = load_champion(project, task.name)
    assert champion is not None
    return champion


def test_who_is_replaced_is_kept_with_record_answers_and_card(promoted: Promote) -> None:
    promoted([verdict(True)], run="r1", who="first")
    project, task = champions(promoted, "first")
    before = (task.folder / RECORD).read_bytes(), (task.folder / ANSWERS).read_bytes()
    promoted([verdict(True)], run="r2", who="second")
    folder = kept_folder(task.folder, "first")
    assert ((folder / RECORD).read_bytes(), (folder / ANSWERS).read_bytes()) == before
    assert (folder / CARD).read_text() == "card of first"
    (row,) = now(project, task).previous
    assert (row["identity"], row["run"], row["promoted"]) == ("first", "r1", "2026-11-26")


def test_no_more_than_the_last_are_kept(promoted: Promote) -> None:
    _, task = champions(promoted, *(f"champion{i}" for i in range(KEPT + 3)))
    kept = {c.identity for c in kept_champions(task.folder, task.name)}
    assert kept == {f"champion{i}" for i in range(2, KEPT + 2)}


def test_a_rollback_brings_the_one_before_back_and_notes_who_was_taken_back_and_why(promoted: Promote) -> None:
    project, task = champions(promoted, "first", "second")
    taken, again = roll_back(project, task, None, " it swore ", "2026-11-30")
    assert (taken.identity, again.identity) == ("second", "first")
    champion = now(project, task)
    (row,) = champion.rollbacks
    assert (champion.identity, row["identity"], row["reason"], row["date"]) == (
        "first",
        "second",
        "it swore",
        "2026-11-30",
    )
    assert (task.folder / CARD).read_text() == "card of first"
    assert champion.recorded.lookup("first", champion.recorded.rows[0]["example"]) is not None


def test_what_was_taken_back_can_come_again_by_the_beginning_of_its_identity(promoted: Promote) -> None:
    project, task = champions(promoted, "first", "second")
    roll_back(project, task, None, "it swore", "2026-11-30")
    roll_back(project, task, "seco", "it was a joke", "2026-12-01")
    champion = now(project, task)
    assert (champion.identity, [row["identity"] for row in champion.rollbacks]) == ("second", ["first", "second"])


def test_a_card_that_the_one_before_did_not_have_does_not_stay(promoted: Promote) -> None:
    promoted([verdict(True)], run="r1", who="first")
    project, task = promoted([verdict(True)], run="r2", who="second")
    (task.folder / CARD).write_text("card of second")
    roll_back(project, task, None, "it swore", "2026-11-30")
    assert not (task.folder / CARD).exists()


@pytest.mark.parametrize(
    ("to", "reason", "says"),
    [
        (None, "  ", "a rollback needs a reason"),
        ("second", "it swore", "second is already the champion"),
        ("third", "it swore", "no record and answers are kept of champion"),
        ("", "it swore", "no record and answers are kept of champion"),
        ("fi", "it swore", "2 champions begin with"),
    ],
)
def test_a_rollback_that_cannot_be_changes_nothing(promoted: Promote, to: str | None, reason: str, says: str) -> None:
    project, task = champions(promoted, "first", "fifth", "second")
    before = (task.folder / RECORD).read_bytes()
    with pytest.raises(UserError, match=says):
        roll_back(project, task, to, reason, "2026-11-30")
    assert (task.folder / RECORD).read_bytes() == before


def test_before_the_first_champion_nobody_can_be_brought_back(promoted: Promote) -> None:
    project, task = champions(promoted, "first")
    with pytest.raises(UserError, match="there was no champion before adapter:x"):
        roll_back(project, task, None, "it swore", "2026-11-30")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verdicts": []}, "neither passed nor was forced"),
        ({"serving": "another"}, "restore task.yaml"),
        ({"answers": "0" * 64}, "answers were edited"),
    ],
)
def test_a_kept_record_that_was_edited_brings_nobody_back(
    promoted: Promote, change: dict[str, object], says: str
) -> None:
    project, task = champions(promoted, "first", "second")
    path = kept_folder(task.folder, "first") / RECORD
    write_json(path, {**read_json(path), **change})
    with pytest.raises(UserError, match=says):
        roll_back(project, task, None, "it swore", "2026-11-30")
    assert now(project, task).identity == "second"
