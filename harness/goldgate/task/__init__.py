"""What a task is: its project, task.yaml, schema, examples, and how far they lie from train."""
