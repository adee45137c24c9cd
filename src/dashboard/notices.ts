import { HOST_ACTIONS, HOST_VERBS } from "./actions.ts";
import { POWER_NOTICES } from "./power-page.ts";

/** What to say on the page that follows a change. The address line names it; only what stands here is ever shown. */
export function noticeFor(done: string | undefined): string | null {
  const verb = HOST_VERBS.find((candidate) => candidate === done);
  if (verb) return HOST_ACTIONS[verb].done;
  return OTHERS.get(done ?? "") ?? null;
}

const OTHERS: ReadonlyMap<string, string> = new Map([
  ["skip", "The slot is skipped."],
  ["unskip", "The slot is given out again."],
  ["register", "Registered. Arm its install when you are ready."],
  ["pause", "Paused. New machines wait; installs under way go on."],
  ["mode", "DHCP serves it so from now on."],
  ...POWER_NOTICES,
  ["resume", "Resumed. New machines take slots again."],
]);
