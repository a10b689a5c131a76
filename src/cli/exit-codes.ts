/** What the command ends with. */
export const EXIT = {
  /** The end was reached, or was asked for: by Ctrl-C, SIGTERM, or a reader that has enough. */
  done: 0,
  failed: 1,
  /** An option has a value that is not allowed. */
  usage: 2,
  /** The engine that was asked for can't be reached at the start. */
  unreachable: 3,
} as const;

/** With a signal's number added: that signal came a second time, and ended the command at once. */
export const EXIT_BY_SIGNAL = 128;

/** For `--help`. */
export const EXIT_CODES_HELP = `Exit codes:
  0    ended as asked: by the end of the logs, Ctrl-C, SIGTERM, SIGHUP, or a
       reader that has enough
  1    failed; the last line on standard error says why
  2    an option is wrong
  3    the engine can't be reached at the start
  130  a second Ctrl-C ended it at once (129: SIGHUP, 143: SIGTERM)`;
