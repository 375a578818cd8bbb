"""Tasks: their project, task.yaml, schema and examples, subjects' names, and how novel examples are against train."""
