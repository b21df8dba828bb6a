/** The set-up cannot go on; the message says why and the way out. */
export class SetupError extends Error {}

/** The command line is wrong. */
export class UsageError extends SetupError {}
