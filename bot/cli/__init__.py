"""The command line, the running service, and the assembly of all objects."""
