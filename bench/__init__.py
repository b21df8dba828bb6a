"""Pilotlight measured beside its peers, under AWS's own runtime client. Never deployed."""
