"""A sandbox that runs the real runtime client, with the Runtime API and the X-Ray daemon's port that it uses."""
