"""Run folders: their contents, typed (`record`, `attempt`, `golden`), and where they are (`folder`)."""
