"""What warming costs in a month, beside its alternatives: for development, never deployed."""
