/** What the shell is told. Documented in `docs/reference/cli.md`, which is made from `EXIT_CODE_WORDS`. */
export const EXIT = {
  done: 0,
  refused: 1,
  usage: 2,
  unreachable: 3,
  unknown: 4,
  aborted: 5,
  unusable: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each code means, for people who write scripts. */
export const EXIT_CODE_WORDS: Record<ExitCode, string> = {
  0: "done, or it was so already",
  1: "refused: not in this state, or it failed; the message says why. `doctor`: there is a problem",
  2: "the command line or the configuration is wrong, or --yes is missing where nobody can be asked",
  3: "the daemon cannot be reached",
  4: "no host, slot or image of that name, or more than one",
  5: "you were asked and did not say yes, or pressed Ctrl-C",
  6: "no ISO, one that is damaged, or one that bootqueue cannot boot; or an image whose files have changed; a backup that is none, or damaged",
};

/** Ends a command early: a message, what to do about it, and the exit code. */
export class CliFailure extends Error {
  readonly code: ExitCode;
  readonly hint: string;

  constructor(code: ExitCode, message: string, hint = "") {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
