"""Subjects: who answers. One string names one everywhere; see parse_subject. Importing this loads no model library."""

from harness.subjects.parse import parse_subject, serving_digest
from harness.subjects.subject import Answer, Subject

__all__ = ["Answer", "Subject", "parse_subject", "serving_digest"]
