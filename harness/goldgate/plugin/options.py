"""The options of golden suites on pytest's command line and in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from goldgate.task.examples import TestedOn


@dataclass(frozen=True)
class Choice:
    """The options of a run.

    Attributes:
        candidate: The subject to test; None for the champion.
        split: The split to test on; None for the candidate's default.
        regenerate: Whether to generate every answer again.
        ci: Whether the run is in CI, where no look at golden is written.
        generate: Whether models may generate answers that are neither recorded nor cached.
        open_golden: Whether to show golden's failing examples.
        answers: A run whose recorded answers decide; None for no run.
        audit: Number of answers to generate again as a check.
        model: Base model to use instead of the one in task.yaml, on dev only.
        looks: Whether the run may write to the ledger of looks.
    """

    candidate: str | None = None
    split: TestedOn | None = None
    regenerate: bool = False
    ci: bool = False
    generate: bool = True
    open_golden: bool = False
    answers: str | None = None
    audit: int = 0
    model: str | None = None
    looks: bool = True

    @property
    def by_champion(self) -> bool:
        """Whether the champion is tested."""
        return self.candidate in (None, "champion") and self.answers is None

    @property
    def on_dev(self) -> bool:
        """Whether the run is on dev, by name or as the default of its candidate."""
        return self.split == "dev" or (self.split is None and not self.by_champion)


_OPTIONS: dict[str, dict[str, Any]] = {
    "candidate": {
        "metavar": "SUBJECT",
        "help": "subject to test, for example base+zero_shot or adapter:FOLDER (default: the task's champion)",
    },
    "split": {
        "choices": ("dev", "golden"),
        "help": "split to test on (default: golden for the champion, dev for any other subject)",
    },
    "open-golden": {
        "action": "store_true",
        "help": "show golden's failing examples; later passes carry no error rate until golden is refreshed",
    },
    "regenerate": {
        "action": "store_true",
        "help": "ignore recorded and cached answers, and generate every answer again",
    },
    "answers": {
        "metavar": "RUN",
        "help": "decide from the answers that a run of goldgate train recorded (its id or folder), without a model",
    },
    "audit": {
        "metavar": "N",
        "type": int,
        "default": 0,
        "help": "generate N of the recorded and cached answers of local models again, chosen at random; the suite"
        " passes only if they are the same, except for near-ties",
    },
    "gate-report": {
        "metavar": "PATH.html",
        "help": "write the gates of this run and the verdicts on its suites to an HTML file",
    },
}
_GROUP = ("goldgate", "golden suites (tests under suites/<task>/)")
_PARSER: pytest.StashKey[pytest.Parser] = pytest.StashKey()


def add_options(parser: pytest.Parser) -> None:
    """Adds the options of golden suites to a parser, under names that no project has: --gg-candidate."""
    group = parser.getgroup(*_GROUP)
    for name, how in _OPTIONS.items():
        group.addoption(f"--gg-{name}", dest=_dest(name), **how)
    parser.addini(
        "goldgate_junit", "write the verdicts of golden suites to JUnit files, as properties", type="bool", default=True
    )


def add_short_names(config: pytest.Config, parser: pytest.Parser) -> None:
    """Adds the options under their short names too (--candidate), except those that a project or plugin has taken.

    Args:
        config: pytest's configuration, before the command line is parsed for the last time.
        parser: The parser, with the options of all plugins and of the first conftest.py files.
    """
    groups = [parser._anonymous, *parser._groups]
    taken = {name for group in groups for option in group.options for name in option.names()}
    group = parser.getgroup(*_GROUP)
    for name, how in _OPTIONS.items():
        if f"--{name}" not in taken:
            group.addoption(f"--{name}", dest=_dest(name), **{**how, "help": f"the same as --gg-{name}"})
    config.stash[_PARSER] = parser


def release_short_names(config: pytest.Config) -> None:
    """Gives the short names up once the command line is parsed: a conftest.py that is loaded later may add them."""
    parser: Any = config.stash.get(_PARSER, None)
    if (whole := getattr(parser, "optparser", None)) is None:  # pytest before 9.1 compares no names after parsing
        return
    known = whole._option_string_actions
    for name in _OPTIONS:
        if f"--{name}" in known and known[f"--{name}"].dest == _dest(name):
            del known[f"--{name}"]


def _dest(name: str) -> str:
    return f"gg_{name.replace('-', '_')}"


def check_options(config: pytest.Config) -> None:
    """Raises pytest.UsageError for invalid options and for options that cannot be combined."""
    report = config.getoption("gg_gate_report", None)
    if report is not None and (Path(report).suffix != ".html" or Path(report).is_dir()):
        raise pytest.UsageError(f"--gate-report writes an HTML file: {report} does not end in .html, or is a folder")
    if config.getoption("gg_audit", 0) < 0:
        raise pytest.UsageError("--audit takes the number of answers to generate again, 1 or more")
    if config.getoption("gg_audit", 0) and is_controller(config):
        raise pytest.UsageError("--audit generates answers again in a single process: run it without -n")
    for other in ("candidate", "regenerate", "audit"):
        if config.getoption("gg_answers", None) is not None and config.getoption(_dest(other), None):
            raise pytest.UsageError(f"--answers fixes the subjects, and no model is called: leave out --{other}")
    if config.getoption("gg_regenerate", False) and is_controller(config):
        raise pytest.UsageError("--regenerate generates every answer once, in a single process: run it without -n")
    if config.getoption("gg_open_golden", False) and choice_of(config, {}).on_dev:
        raise pytest.UsageError("--open-golden shows examples of golden, and this run is on dev: add --split golden")


def is_controller(config: pytest.Config) -> bool:
    """Returns whether this process only distributes tests to xdist workers."""
    return config.getoption("dist", "no") != "no" and not is_worker(config)


def is_worker(config: pytest.Config) -> bool:
    """Returns whether this process is an xdist worker."""
    return hasattr(config, "workerinput")


def worker_of(config: pytest.Config) -> str:
    """Returns the name of the xdist worker that this process is; empty if it is none."""
    return str(getattr(config, "workerinput", {}).get("workerid", ""))


def chose_import_mode(config: pytest.Config, environ: Mapping[str, str]) -> bool:
    """Returns whether the user has chosen an import mode: on the command line, in PYTEST_ADDOPTS or in addopts."""
    given = [*map(str, config.invocation_params.args), *environ.get("PYTEST_ADDOPTS", "").split()]
    return any(argument.startswith("--import-mode") for argument in [*given, *config.getini("addopts")])


def choice_of(config: pytest.Config, environ: Mapping[str, str]) -> Choice:
    """Reads the options of a run.

    Args:
        config: pytest's configuration.
        environ: The environment.

    Returns:
        The options.
    """
    split = cast("TestedOn | None", config.getoption("gg_split"))
    return Choice(
        config.getoption("gg_candidate"),
        split,
        bool(config.getoption("gg_regenerate")),
        in_ci(environ),
        open_golden=bool(config.getoption("gg_open_golden")),
        answers=config.getoption("gg_answers"),
        audit=config.getoption("gg_audit"),
    )


CI_VARIABLES = (
    "CONTINUOUS_INTEGRATION",
    "APPVEYOR",
    "BITBUCKET_BUILD_NUMBER",
    "BITBUCKET_COMMIT",
    "BITRISE_IO",
    "BUDDY_WORKSPACE_ID",
    "BUILDKITE",
    "CF_BUILD_ID",
    "CIRCLECI",
    "CIRRUS_CI",
    "CODEBUILD_BUILD_ARN",
    "CODEBUILD_BUILD_ID",
    "CM_BUILD_ID",
    "DRONE",
    "EAS_BUILD",
    "GITEA_ACTIONS",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "GO_PIPELINE_LABEL",
    "HARNESS_BUILD_ID",
    "HUDSON_URL",
    "JENKINS_URL",
    "NETLIFY",
    "PROW_JOB_ID",
    "SCREWDRIVER",
    "SEMAPHORE",
    "TEAMCITY_VERSION",
    "TF_BUILD",
    "TRAVIS",
    "VELA",
    "WOODPECKER",
    "bamboo_buildKey",
    "bamboo_planKey",
)
"""What CI systems set that need not set CI: Azure Pipelines TF_BUILD, Jenkins JENKINS_URL, TeamCity its version."""
_UNSET = ("", "0", "false")


def in_ci(environ: Mapping[str, str]) -> bool:
    """Decides whether this run is in CI.

    Args:
        environ: The environment.

    Returns:
        What the variable CI says, if it is set and not empty; else whether the variable of a known CI system is set.
        "0" and "false" mean no, so `CI=false` overrules the others.
    """
    if own := environ.get("CI", "").strip().lower():
        return own not in _UNSET
    return any(environ.get(name, "").strip().lower() not in _UNSET for name in CI_VARIABLES)
