"""What warming costs in a month, compared with its alternatives. For development, never deployed."""
