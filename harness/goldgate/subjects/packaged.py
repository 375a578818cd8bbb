"""A subject that an installed package brings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from goldgate.base.errors import UserError
from goldgate.base.extensions import Extension
from goldgate.base.fingerprint import digest
from goldgate.subjects.subject import Answer, Progress, Subject, sampled_identity
from goldgate.task.examples import Example
from goldgate.task.project import Project
from goldgate.task.task import Task

_MEMBERS = ("identity", "fingerprint", "answer", "sampled")


@dataclass(frozen=True)
class PackagedSubject:
    """A subject that an installed package brings, under the name that it was asked for by.

    The package's version is part of the identity and of every fingerprint, so no answer outlives an upgrade.

    Attributes:
        name: The name, as it was written.
        identity: Digest of the package's own identity for the subject and of its stamp.
        subject: What the package made.
        stamp: The package and its version.
    """

    name: str
    identity: str
    subject: Subject
    stamp: str

    def fingerprint(self, example: Example) -> str:
        return self._stamped(self.subject.fingerprint(example))

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        for answer in self.subject.answer(examples, progress):
            yield replace(answer, identity=self.identity, fingerprint=self._stamped(answer.fingerprint))

    def sampled(self, sample: int) -> PackagedSubject:
        identity = sampled_identity(self.identity, sample)
        return replace(self, identity=identity, subject=self.subject.sampled(sample))

    def _stamped(self, value: str) -> str:
        return digest([value, "package", self.stamp])


def packaged_subject(extension: Extension, name: str, task: Task, project: Project) -> PackagedSubject:
    """Makes the subject of a name that an installed package answers to.

    Args:
        extension: The package's entry point, a function of (name, task, project) that returns a Subject.
        name: The whole name, for example acme:small.
        task: The task that it will be asked.
        project: The project of the task.

    Returns:
        The subject, with the package's version in its identity.

    Raises:
        UserError: The package cannot be imported, or its function returns something that is not a Subject.
    """
    subject = extension.load()(name, task, project)
    if missing := [member for member in _MEMBERS if not hasattr(subject, member)]:
        raise UserError(
            f'"{name}" is a {type(subject).__name__}, which is not a Subject: it has no {", ".join(missing)}',
            f"package {extension.stamp}, entry point goldgate.subjects {extension.name}",
            "return an object that has the members of goldgate.subjects.Subject",
        )
    return PackagedSubject(name, digest([subject.identity, "package", extension.stamp]), subject, extension.stamp)
