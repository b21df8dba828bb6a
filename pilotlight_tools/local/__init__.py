"""AWS on this machine, for development: the engine, the stage deployed into it, its front door and its X-Ray."""
