"""The fixtures of golden suites. `among` makes them visible to suites alone."""

from __future__ import annotations

import pytest

from goldgate.base.errors import UserError
from goldgate.forgetting.general import General
from goldgate.forgetting.kept import Kept
from goldgate.plugin.place import suite_folder
from goldgate.plugin.roles import Role
from goldgate.plugin.stash import SUITES
from goldgate.plugin.suite import Suite
from goldgate.scored.scored import Scored
from goldgate.task.examples import Split


def _suite(request: pytest.FixtureRequest) -> Suite:
    suites = request.config.stash.get(SUITES, None)
    suite = None if suites is None else suites.at(request.path)
    if suite is None:
        raise UserError(
            f'the fixture "{request.fixturename}" belongs to golden suites',
            str(request.path),
            "put the test into suites/<task>/, beside a task.yaml",
        )
    return suite


def _scored(request: pytest.FixtureRequest, role: Role) -> Scored:
    return _suite(request).scored(role)


@pytest.fixture(scope="module")
def candidate(request: pytest.FixtureRequest) -> Scored:
    """The subject under test: --candidate, or the task's champion. Its metrics are measures."""
    return _scored(request, "candidate")


@pytest.fixture(scope="module")
def prompted(request: pytest.FixtureRequest) -> Scored:
    """The best of the prompting baselines that task.yaml declares, chosen on dev for each metric that judges answers.
    All else is of the best one by the main metric.
    """
    return _scored(request, "prompted")


@pytest.fixture(scope="module")
def base(request: pytest.FixtureRequest) -> Scored:
    """The task's base model with its instructions and no examples (zero_shot)."""
    return _scored(request, "base")


@pytest.fixture(scope="module")
def linear(request: pytest.FixtureRequest) -> Scored:
    """Logistic regression on sentence embeddings, for closed labels."""
    return _scored(request, "linear")


@pytest.fixture(scope="module")
def incumbent(request: pytest.FixtureRequest) -> Scored:
    """What runs in production today, as task.yaml names it."""
    return _scored(request, "incumbent")


@pytest.fixture(scope="module")
def previous(request: pytest.FixtureRequest) -> Scored:
    """The last champion: the current one, or the one before it if the champion itself is tested. Gate against it so
    that nothing gets worse.
    """
    return _scored(request, "previous")


@pytest.fixture(scope="module")
def general(request: pytest.FixtureRequest) -> General:
    """The candidate on general questions, asked without the task's prompt; `general.before` is the base model. The
    questions are the same on dev and golden.
    """
    return _suite(request).general()


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> Kept:
    """The candidate on the dev split of another task that must not regress; `kept.before` is the base model there. The
    test runs once for each task in must_not_regress.
    """
    if isinstance(request.param, UserError):
        raise request.param
    return _suite(request).kept(request.param)


@pytest.fixture(scope="module")
def golden(request: pytest.FixtureRequest) -> Split:
    """The examples of this run's split: golden, or dev with --split dev."""
    return _suite(request).split()


@pytest.fixture(scope="module")
def edge_cases(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """All edge-case tags of golden, for a gate over all of them together: candidate.on(edge_cases)."""
    return _suite(request).tags()


@pytest.fixture
def edge_case(request: pytest.FixtureRequest) -> str:
    """One edge-case tag. The test runs once for each tag of golden, with the same ids on every split."""
    if isinstance(request.param, UserError):
        raise request.param
    return str(request.param)


def vary(metafunc: pytest.Metafunc) -> None:
    """Makes one item per edge case, or per task that must not regress.

    If they cannot be read, there is one item that fails with the reason, because pytest would skip an empty list.

    Args:
        metafunc: The test to vary.
    """
    folder = suite_folder(metafunc.definition.path)
    wanted = [name for name in ("edge_case", "kept") if name in metafunc.fixturenames and not _own(metafunc, name)]
    if folder is None or not wanted:
        return
    suites = metafunc.config.stash.get(SUITES, None)
    suite = None if suites is None else suites.at(metafunc.definition.path)
    if suite is None:
        return
    for name in wanted:
        try:
            found: tuple[str | UserError, ...] = suite.tags() if name == "edge_case" else suite.kept_names()
        except UserError as error:
            found = (error,)
        none = f"no-{name.replace('_', '-')}s"
        ids = [one if isinstance(one, str) else none for one in found]
        metafunc.parametrize(name, found, ids=ids, indirect=True)


def _own(metafunc: pytest.Metafunc, fixture: str) -> bool:
    """Whether the test has a parametrize mark of its own for this fixture."""
    names = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize") if mark.args]
    return any(fixture in (n.replace(" ", "").split(",") if isinstance(n, str) else n) for n in names)
