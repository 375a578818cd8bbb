"""The `goldgate` command. Only this package and the pytest plugin print and read environment variables."""
