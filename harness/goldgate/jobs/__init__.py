"""What one can ask of Goldgate. Each job takes a project and reports progress; the command line shows the result."""
