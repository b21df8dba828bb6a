"""Helpers for several test modules: the project's folder, a service, events, processes."""
