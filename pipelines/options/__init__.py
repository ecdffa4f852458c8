"""The options of all commands: groups that are declared once, how they are parsed, configuration files."""
