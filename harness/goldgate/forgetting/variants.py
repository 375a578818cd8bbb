"""Who can be asked beside its task: models on this machine, and what is known of them by a record."""

from __future__ import annotations

from goldgate.base.errors import UserError
from goldgate.subjects.local import LocalSubject
from goldgate.subjects.replayed import OnlyRecorded, Replayed
from goldgate.subjects.subject import Subject, Variant


def variant_of(subject: Subject, variant: Variant) -> Subject:
    """The variant of a subject: known by its record where the subject is, else made now.

    Raises UserError where the variant cannot be made of the subject.
    """
    return subject.variant(variant) if isinstance(subject, Replayed | OnlyRecorded) else variant.of(subject)


def local(subject: Subject, what: str, gate: str) -> LocalSubject:
    """The subject, where it is a model on this machine. what: it would be asked; gate: the fixture that asks.

    Raises UserError for any other: what training made it forget cannot be known.
    """
    if isinstance(subject, LocalSubject):
        return subject
    raise UserError(
        f"{subject.name} is not asked {what}: what training made it forget is known of models on this machine alone",
        hint=f"gate `{gate}` for adapter:FOLDER or base+STRATEGY",
    )
