"""New code and new configuration in the running service, as soon as a file is saved."""
