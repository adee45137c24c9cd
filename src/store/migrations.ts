import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";

type Saved = Readonly<Record<string, unknown>>;

/** From version `n` to version `n + 1`, under the key `n`. Each one knows the form of its own time, never today's types. */
export type Migrations = Readonly<Record<number, (saved: Saved) => Saved>>;

const MIGRATIONS: Migrations = {
  // No host had a mode of its own, and no slot said that its address was in conflict.
  1: (saved) => ({
    ...saved,
    hosts: each(saved.hosts, (host) => ({ ...host, dhcp: null })),
    slots: each(saved.slots, (slot) => ({
      ...slot,
      state: isSaved(slot.state) && slot.state.type === "skipped" ? { ...slot.state, conflict: null } : slot.state,
    })),
  }),
  // No host kept the history of its installs, no slot had labels, and hosts were rebuilt one by one.
  2: (saved) => ({
    ...saved,
    rebuilds: null,
    hosts: each(saved.hosts, (host) => ({ ...host, operations: [] })),
    slots: each(saved.slots, (slot) => ({ ...slot, labels: [] })),
  }),
  // Nobody kept which machine an answer was served to. What an installed one reported of itself is what it is known by.
  // And no machine's power was switched, and no host began a cluster.
  3: (saved) => ({
    ...saved,
    hosts: each(saved.hosts, (host) => ({
      ...host,
      identity: reportedIdentity(host),
      hold: null,
      founding: null,
      attempt: isSaved(host.attempt) ? { ...host.attempt, approved: null, power: null } : host.attempt,
      inventory: isSaved(host.inventory)
        ? {
            ...host.inventory,
            board: isSaved(host.inventory.board)
              ? { ...host.inventory.board, boardSerial: null }
              : host.inventory.board,
          }
        : host.inventory,
    })),
    slots: each(saved.slots, (slot) => ({ ...slot, boardSerial: null, diskSerials: [] })),
  }),
};

function reportedIdentity({ uuid, inventory }: Saved): unknown {
  if (!isSaved(inventory)) return null;
  const { board, nics } = inventory;
  const macs = Array.isArray(nics) ? nics.flatMap((nic: unknown) => (isSaved(nic) ? [nic.mac] : [])).sort() : [];
  const serial = isSaved(board) ? board.serial : null;
  return { uuid, serial, boardSerial: null, nics: macs.length === 0 ? null : macs };
}

/** The content in the form of version `wanted`. What it says is not checked here, only how old it is. */
export function migrate(
  saved: unknown,
  wanted: number,
  migrations: Migrations = MIGRATIONS,
): Result<Saved, readonly Problem[]> {
  if (typeof saved !== "object" || saved === null || Array.isArray(saved)) {
    return problem("", `expected an object, found ${JSON.stringify(saved)?.slice(0, 40)}`);
  }
  let current = saved as Saved;
  let version = current.version;
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1) {
    return problem("version", `expected a whole number from 1 to ${wanted}, found ${JSON.stringify(version)}`);
  }
  if (version > wanted) {
    return problem(
      "version",
      `expected at most ${wanted}, found ${version}: a newer bootqueue wrote this file; install that release again, or restore the file as it was before the upgrade`,
    );
  }
  for (; version < wanted; version++) {
    const step = migrations[version as number];
    if (step === undefined) throw new Error(`no migration from version ${version} of the saved queue`);
    current = { ...step(current), version: (version as number) + 1 };
  }
  return ok(current);
}

/** What is no list of objects stays as it is, for the schema to complain of. */
function each(rows: unknown, change: (row: Saved) => Saved): unknown {
  return Array.isArray(rows) ? rows.map((row: unknown) => (isSaved(row) ? change(row) : row)) : rows;
}

function isSaved(value: unknown): value is Saved {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function problem(path: string, message: string): Result<never, readonly Problem[]> {
  return err([{ path, message }]);
}
