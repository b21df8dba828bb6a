"""Pilotlight compared with its peers, under AWS's own runtime client. Never deployed."""
