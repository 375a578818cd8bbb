"""The jobs that Goldgate can do. Each takes a project, reports its progress and returns a typed result to be shown."""
