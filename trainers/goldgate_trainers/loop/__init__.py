"""Attempts until the suite passes: budget, diagnosis, policies, search."""
