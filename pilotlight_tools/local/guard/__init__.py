"""Keeps web pages out of what listens on this machine: one set of rules, and what applies them to each server."""
