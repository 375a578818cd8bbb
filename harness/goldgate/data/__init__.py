"""From files to splits: reading, checking and splitting examples, and scaffolding a task."""
