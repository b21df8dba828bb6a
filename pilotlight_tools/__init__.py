"""Pilotlight on a person's machine: its reports, AWS on this machine, its costs. Never deployed."""
