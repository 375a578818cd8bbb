"""People's door: the `goldgate` command. The only place, with the plugin, that prints and reads the environment."""
