/** The set-up cannot continue; the message gives the reason and a remedy. */
export class SetupError extends Error {}

/** The command line is wrong. */
export class UsageError extends SetupError {}
