"""The shipped suites ask what they asked before the import packages had their names: no look is spent twice.

The values were computed at 09a3dfc, the last commit whose packages were called harness, trainers and reports.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from goldgate.base.fingerprint import digest
from goldgate.champion.record import load_champion
from goldgate.ledger import LookKey, read_looks
from goldgate.ledger.suite import suite_digest
from goldgate.scorers import scorer_versions
from goldgate.subjects import parse_subject, serving_digest
from goldgate.task.examples import load_split
from goldgate.task.project import Project
from goldgate.task.task import load_task

ROOT = Path(__file__).resolve().parents[2]

SUITES = {
    "invoices": "a5cd691b6538aabff607aa9f007516cba07555c9e84b31478b1e9dd7f3c0ebec",
    "tickets": "ef4b1c2b559242db94b788161f1b261ec7a4831d684b396c077ca5a014607863",
    "voice": "c769a47f5e471703450e98bdcce3d138688f95fb289db30c9fd103bee70820fa",
}
CHAMPIONS = {
    "invoices": "b412f3eae044cc35d932e71c37133091d7052afaf4dc2568c30969e27e1eddc5",
    "tickets": "99131a9bdc3b341ec98dde17b36529132ef738947d94de017116c1ff1b22c580",
    "voice": "650f322d035db71744e3df163afbed3e3e48d58a111bd4a7bf001a3d7d5149a5",
}
PROMPTED = {
    "invoices": "90247363694dc17ab5f4c6a7cf1e229767dcbe188b424c4a9e169f6697223180",
    "tickets": "259a4d9bd2787c7a2c0c3a44d31e7fa6bcf6dc1b46f3e3c30c72191afc2b9c9f",
    "voice": "ee7683ce5bab56053968f323e3732d9c4c0ab9996a7f16901ff292060951cec8",
}
GOLDEN = {
    "invoices": "f2153bd001b962fc689d26532c2d96f8640e37f850a898cfb0f7724cd3a567ce",
    "tickets": "2ab7b5e05b6140ffe4c30a5bd51aecddde27606de8a3bb12f38fad36138c1230",
    "voice": "0c19e91d8752e839aeded3fc9d3b8a3b2fbd4e479b83f99d791ec26f648646d6",
}
LOOKS = {"invoices": "5d21bdb69caf", "tickets": "c4a847829cfe", "voice": "c0c83a83d987"}
SCORERS = {"invoices": "c6e4c7a75a69", "tickets": "c6e4c7a75a69", "voice": "925e43c424be"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """This repository, with an empty cache."""
    return Project(ROOT, tmp_path)


@pytest.mark.parametrize("name", SUITES)
def test_a_shipped_suite_has_the_digest_that_its_looks_were_taken_with(project: Project, name: str) -> None:
    task = load_task(project, name)
    assert suite_digest(task, scorer_versions(task)) == SUITES[name]


@pytest.mark.parametrize("name", SUITES)
def test_the_champions_look_is_the_recorded_one(project: Project, name: str) -> None:
    key = LookKey(load_split(project, name, "golden").fingerprint, CHAMPIONS[name], SUITES[name])
    assert key.golden == GOLDEN[name]
    assert [look.name for look in read_looks(project.golden(name) / "looks") if look.key == key] == [LOOKS[name]]


@pytest.mark.parametrize("name", SUITES)
def test_the_champion_and_its_reference_are_who_they_were(project: Project, name: str) -> None:
    task, champion = load_task(project, name), load_champion(project, name)
    assert champion is not None
    assert champion.identity == CHAMPIONS[name]
    champion.check_serving(serving_digest(champion.subject, champion.adapter.get("prompt"), task, project))
    assert parse_subject(champion.prompted, task, project).identity == PROMPTED[name] == champion.prompted_identity


@pytest.mark.parametrize("name", SUITES)
def test_the_scorers_have_the_versions_that_recorded_values_were_made_with(project: Project, name: str) -> None:
    assert digest(scorer_versions(load_task(project, name)))[:12] == SCORERS[name]
