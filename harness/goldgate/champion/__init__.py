"""The champion of a task, and how it changes."""
