"""A picture of the dashboard: the template's own widgets, with the figures of one simulated afternoon."""
