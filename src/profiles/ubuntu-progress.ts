import type { InstallProgress } from "./kind.ts";

/**
 * One event of the installer's webhook (canonical/curtin `curtin/reporter`, names of canonical/subiquity). It posts each
 * once, so any may be missing; the clock in it is the machine's and means nothing. Of its hundreds only those are kept that
 * tell a person where the install is; one with a name that nobody knows is none of them.
 */
export function readProgress(body: unknown): InstallProgress | null {
  const event = eventOf(body);
  if (event === null) return null;
  const { name, type, failed, text } = event;
  // The last thing heard of an install that went well: one that did not never comes to it.
  if (name === "subiquity/Shutdown/shutdown") return failed ? null : { type: "installed" };
  if (name === "subiquity/Error/run") return type === "start" ? { type: "failed", reason: "" } : null;
  if (name === INSTALL && type === "finish" && !failed) return { type: "installed" };
  if (type === "finish" && failed && FATAL.some((fatal) => fatal.test(name))) return { type: "failed", reason: text };
  const stage = /^subiquity\/Install\/install\/curtin_install(?:\/.*)?\/cmd-install\/stage-([a-z-]+)(\/.+)?$/.exec(
    name,
  );
  if (stage !== null) {
    const step = STAGES[stage[1] ?? ""];
    if (step === undefined) return null;
    return stage[2] === undefined ? progressOf(step, event) : within(step, event);
  }
  const found = STEPS.find(([form]) => form.test(name));
  if (found === undefined) return null;
  const [form, step] = found;
  return form.exec(name)?.[1] === undefined ? progressOf(step, event) : within(step, event);
}

const INSTALL = "subiquity/Install/install";

/** What ends the install when it fails; updates and the mirror's test may fail without harm. */
const FATAL: readonly RegExp[] = [
  /^subiquity\/Install\/install$/,
  /^subiquity\/Install\/install\/(curtin_install|postinstall)$/,
  /^subiquity\/core_validation$/,
  /^subiquity\/(Early|Late)\/run(_user_supplied|_builtin)?$/,
  /^subiquity\/(Early|Late)\/run(\/run_[a-z_]+|_user_supplied|_builtin)?\/command_\d+$/,
];

/** A part in parentheses: something inside the step, of which only what it is called is kept. */
const STEPS: readonly (readonly [RegExp, string])[] = [
  [/^subiquity\/core_validation$/, "check the answer"],
  [/^subiquity\/Early\/run(?:_user_supplied)?$/, "early commands"],
  [/^subiquity\/Install\/install\/configure_apt$/, "choose the archive"],
  [/^subiquity\/Install\/install\/postinstall\/run_unattended_upgrades$/, "install updates"],
  [/^subiquity\/Install\/install\/postinstall\/(install_[^/]+)$/, "configure the system"],
  [/^subiquity\/Install\/install\/postinstall$/, "configure the system"],
  [/^subiquity\/Late\/run(?:_user_supplied)?$/, "late commands"],
];

const STAGES: Readonly<Partial<Record<string, string>>> = {
  partitioning: "partition the disk",
  extract: "copy the system",
  curthooks: "install the kernel and the boot loader",
};

function progressOf(step: string, { type, failed, text }: InstallerEvent): InstallProgress {
  if (type === "start") return { type: "step", step, outcome: "started", text: "" };
  if (type === "finish")
    return { type: "step", step, outcome: failed ? "failed" : "succeeded", text: failed ? text : "" };
  return { type: "step", step, outcome: "noted", text };
}

function within(step: string, { type, failed, text }: InstallerEvent): InstallProgress | null {
  if (type === "finish") return failed ? { type: "step", step, outcome: "failed", text } : null;
  return text === "" ? null : { type: "step", step, outcome: "noted", text };
}

interface InstallerEvent {
  readonly name: string;
  readonly type: string;
  readonly failed: boolean;
  /** In one line. */
  readonly text: string;
}

/** null: no event, or one for the developers of the installer. */
function eventOf(body: unknown): InstallerEvent | null {
  if (typeof body !== "object" || body === null) return null;
  const { name, event_type: type, result, description, level } = body as Record<string, unknown>;
  if (typeof name !== "string" || typeof type !== "string") return null;
  const failed = result === "FAIL";
  if (level === "DEBUG" && !failed) return null;
  return { name, type, failed, text: typeof description === "string" ? oneLine(description) : "" };
}

function oneLine(text: string): string {
  return text
    .slice(0, TEXT_MAX)
    .replaceAll(/\p{C}+/gu, " ")
    .trim();
}

const TEXT_MAX = 400;
