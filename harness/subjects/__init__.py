"""Subjects: who answers. One string names one everywhere; see parse_subject. Importing this loads no model library."""

from harness.subjects.parse import can_constrain, is_whole, parse_subject, serving_digest
from harness.subjects.remote import how_known
from harness.subjects.subject import Answer, Subject

__all__ = ["Answer", "Subject", "can_constrain", "how_known", "is_whole", "parse_subject", "serving_digest"]
