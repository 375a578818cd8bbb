"""Subjects: who answers. A name identifies a subject everywhere (see SubjectName). Importing this loads no model
library.
"""

from goldgate.subjects.remote import how_known
from goldgate.subjects.resolve import can_constrain, parse_subject, serving_digest
from goldgate.subjects.subject import Answer, Subject, how_run

__all__ = ["Answer", "Subject", "can_constrain", "how_known", "how_run", "parse_subject", "serving_digest"]
