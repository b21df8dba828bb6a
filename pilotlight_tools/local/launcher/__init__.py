"""Starts the local engine: `ministack` behind a guard, with complete logs and with AWS's initialization types."""
