import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Account, mayAccess } from "./account.ts";
import { type Finding, fine, problem, warning } from "./finding.ts";

/** Can the queue be read? Looks at the file alone, and takes no lock: the daemon may be at work. */
export async function stateFinding(folder: string, account: Account, nowMs: number): Promise<Finding> {
  const path = join(folder, "state.json");
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => cause);
  if (found instanceof Error) {
    return found.code === "ENOENT"
      ? fine(WHAT, `there is no ${path} yet: the daemon has not run here`)
      : warning(WHAT, `${path} cannot be looked at: ${found.message}`, "run `bootqueue doctor` as root");
  }
  if (!mayAccess(found, account, 4)) {
    const words = `${account.name}, as whom the daemon runs, may not read ${path}: it was run as somebody else once`;
    return problem(WHAT, words, `\`chown -R ${account.name} ${folder}\``);
  }
  try {
    const saved: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof saved !== "object" || saved === null) throw new Error("it holds no state");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    return code === "EACCES"
      ? warning(WHAT, `${path} cannot be read by you`, "run `bootqueue doctor` as root")
      : problem(
          WHAT,
          `${path} cannot be read: ${message}`,
          "start the daemon: it says which earlier state can be taken",
        );
  }
  if (found.mtimeMs > nowMs + DAY_MS)
    return warning(WHAT, `${path} was written in the future`, "is the clock of this host right (`timedatectl`)?");
  return fine(WHAT, `${path} can be read`);
}

/** Certificates and deadlines go by it. */
export function clockFinding(nowMs: number): Finding {
  const now = new Date(nowMs);
  const words = `this host believes that it is ${now.toISOString()}`;
  return now.getUTCFullYear() < YEAR_MIN
    ? problem("clock", words, "set it (`timedatectl set-ntp true`): certificates and deadlines go by it")
    : fine("clock", words);
}

const WHAT = "state";
const YEAR_MIN = 2024;
const DAY_MS = 24 * 60 * 60_000;
