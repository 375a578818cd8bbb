"""The command as a person types it, on the task of the jobs' tests."""

from ..jobs.conftest import counts, school, typed

__all__ = ["counts", "school", "typed"]
