"""What several test modules need: the project's folder, services of their own, events, processes."""
