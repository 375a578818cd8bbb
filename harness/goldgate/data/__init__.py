"""From files to splits: reading, checking, splitting, scaffolding a task."""
