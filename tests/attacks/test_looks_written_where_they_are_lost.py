"""Attacks by a machine whose checkout is thrown away: in CI no look is written, whichever system runs it."""

from __future__ import annotations

from typing import Any

import pytest

from goldgate.plugin.options import CI_VARIABLES, in_ci

pytest_plugins = ["pytester"]
VALUES = {"JENKINS_URL": "https://ci/", "TEAMCITY_VERSION": "2026.1", "TF_BUILD": "True", "GO_PIPELINE_LABEL": "7"}


def run(pytester: pytest.Pytester) -> str:
    """Runs the project's suites and returns what was printed."""
    return pytester.runpytest("suites", "-p", "no:cacheprovider").stdout.str()


@pytest.mark.parametrize(
    "name", ["TF_BUILD", "JENKINS_URL", "BUILDKITE", "TEAMCITY_VERSION", "GITLAB_CI", "CIRCLECI", "CODEBUILD_BUILD_ID"]
)
def test_a_ci_system_that_does_not_set_ci_writes_no_look(
    made: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, VALUES.get(name, "true"))
    assert "this look at golden by champion is not recorded" in run(pytester)
    assert not made.looks.exists()


def test_a_project_begun_from_the_demos_writes_no_look_in_ci(
    made: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made.project.root / ".goldgate-demo").touch()
    monkeypatch.setenv("CI", "1")
    assert "this look at golden by champion is not recorded" in run(pytester)
    assert not made.looks.exists()


@pytest.mark.parametrize("name", CI_VARIABLES)
def test_every_known_system_is_recognised(name: str) -> None:
    assert in_ci({name: VALUES.get(name, "1")})


@pytest.mark.parametrize(
    "environ",
    [{}, {"CI": ""}, {"CI": "false"}, {"CI": "0", "GITHUB_ACTIONS": "true"}, {"TF_BUILD": "False"}, {"PATH": "/ci"}],
)
def test_a_machine_of_ones_own_is_not_taken_for_ci(environ: dict[str, str]) -> None:
    assert not in_ci(environ)
