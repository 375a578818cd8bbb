"""Which subjects can be asked outside of their task: models on this machine, and those known by a record of it."""

from __future__ import annotations

from goldgate.base.errors import UserError
from goldgate.subjects.local import LocalSubject
from goldgate.subjects.replayed import OnlyRecorded, Replayed
from goldgate.subjects.subject import Subject, Variant


def variant_of(subject: Subject, variant: Variant) -> Subject:
    """Returns a variant of a subject: known by its record if the subject is, otherwise made now.

    Raises:
        UserError: The subject has no such variant.
    """
    return subject.variant(variant) if isinstance(subject, Replayed | OnlyRecorded) else variant.of(subject)


def local(subject: Subject, what: str, gate: str) -> LocalSubject:
    """Returns the subject if it is a model on this machine.

    Args:
        subject: The subject.
        what: What it would be asked, for the message.
        gate: The fixture that asks, for the message.

    Raises:
        UserError: It is any other subject: what training made it forget cannot be known.
    """
    if isinstance(subject, LocalSubject):
        return subject
    raise UserError(
        f"{subject.name} cannot be asked {what}: forgetting can only be measured for models on this machine",
        hint=f"gate `{gate}` for adapter:FOLDER or base+STRATEGY",
    )
