import type { MacAddress } from "../net/mac-address.ts";
import { isSameSystem, parseSystemUuid, type SystemUuid } from "../net/system-uuid.ts";
import { err, ok, type Result } from "../std/result.ts";
import type { MachineIdentity } from "./power-control.ts";

/** A system behind a BMC, and what it says of itself. */
export interface SystemIdentity {
  readonly path: string;
  /** The BMC's own name for it: `1`, `System.Embedded.1`. */
  readonly id: string;
  /** null: none, or one that names nobody. */
  readonly uuid: SystemUuid | null;
  /** null: none. */
  readonly serial: string | null;
  readonly macs: readonly MacAddress[];
}

export interface ChosenSystem<System extends SystemIdentity> {
  readonly system: System;
  /** Why it is the one, in words. */
  readonly because: string;
}

/**
 * Which of the systems behind a BMC the machine is. Never a guess: what was configured and what the machine is known by
 * have to agree, and where nothing can be compared it has to be named. The error says in words what is in doubt.
 *
 * `wanted`: id, UUID or serial number from the configuration; null: nothing is configured.
 */
export function chosenSystem<System extends SystemIdentity>(
  systems: readonly System[],
  wanted: string | null,
  machine: MachineIdentity,
  checkIdentity = true,
): Result<ChosenSystem<System>, string> {
  if (systems.length === 0) return err("the BMC lists no system");
  if (wanted !== null) {
    const named = systems.filter((system) => isNamed(system, wanted));
    const [only] = named;
    if (only === undefined) return err(`no system is called ${JSON.stringify(wanted)}; there are ${listed(systems)}`);
    if (named.length > 1) return err(`${JSON.stringify(wanted)} could be ${listed(named)}`);
    if (!checkIdentity) return ok({ system: only, because: `the configuration names ${only.id}` });
    return checked(only, systems, machine, `the configuration names ${only.id}`);
  }
  const [only] = systems;
  if (systems.length === 1 && only !== undefined) return checked(only, systems, machine, "it is the only one there");
  const proven = systems.filter((system) => compared(system, machine, systems).type === "same");
  const [match] = proven;
  if (match === undefined) {
    return err(`it has ${listed(systems)}, and none of them can be told to be this host; name one with \`system\``);
  }
  if (proven.length > 1) return err(`this host could be ${listed(proven)}; name one with \`system\``);
  return checked(match, systems, machine, "");
}

/** The system, unless something speaks against it. */
function checked<System extends SystemIdentity>(
  system: System,
  systems: readonly System[],
  machine: MachineIdentity,
  because: string,
): Result<ChosenSystem<System>, string> {
  const own = compared(system, machine, systems);
  if (own.type === "other") return err(`system ${system.id} is another machine: ${own.why}`);
  const rival = systems.find((other) => other !== system && compared(other, machine, systems).type === "same");
  if (rival !== undefined) {
    const why = compared(rival, machine, systems).why;
    return err(`system ${system.id} is meant, but ${rival.id} looks like this host: ${why}`);
  }
  if (own.type === "same") return ok({ system, because: own.why });
  if (!machine.isNamed) {
    return err(
      `nothing shows that system ${system.id} is the host that has the slot now: neither UUID, serial number nor hardware address can be compared`,
    );
  }
  return ok({ system, because });
}

interface Comparison {
  readonly type: "same" | "other" | "unknown";
  readonly why: string;
}

/** By the strongest sign that both have: the UUID, else the serial number, else a hardware address. */
function compared(
  system: SystemIdentity,
  { uuid, serial, macs }: MachineIdentity,
  all: readonly SystemIdentity[],
): Comparison {
  const others = all.filter((other) => other !== system);
  const isCopied = (same: (other: SystemIdentity) => boolean) => others.some(same);
  const own = system.uuid;
  // Blades of a careless maker all say the same; that tells nothing.
  if (uuid !== null && own !== null && !isCopied(({ uuid: its }) => its !== null && isSameSystem(its, own))) {
    if (isSameSystem(uuid, own)) return { type: "same", why: `its UUID is ${uuid}` };
    return { type: "other", why: `its UUID is ${own}, the host's is ${uuid}` };
  }
  const theirs = system.serial;
  if (serial !== null && theirs !== null && !isCopied((other) => sameText(other.serial, theirs))) {
    if (sameText(serial, theirs)) return { type: "same", why: `its serial number is ${serial}` };
    return { type: "other", why: `its serial number is ${theirs}, the host's is ${serial}` };
  }
  const shared = system.macs.find((mac) => macs.includes(mac) && !isCopied((other) => other.macs.includes(mac)));
  // A BMC rarely lists every card, so one that is missing there says nothing.
  return shared === undefined
    ? { type: "unknown", why: "" }
    : { type: "same", why: `it has the hardware address ${shared}` };
}

function isNamed(system: SystemIdentity, wanted: string): boolean {
  const uuid = parseSystemUuid(wanted);
  if (system.id === wanted || sameText(system.serial, wanted)) return true;
  return uuid !== null && system.uuid !== null && isSameSystem(uuid, system.uuid);
}

function sameText(one: string | null, other: string): boolean {
  return one !== null && one.trim().toLowerCase() === other.trim().toLowerCase();
}

/** `1 (serial ABC), 2 (serial DEF)`: as many as one reads at a glance. */
function listed(systems: readonly SystemIdentity[]): string {
  const shown = systems
    .slice(0, SHOWN_MAX)
    .map(({ id, serial }) => (serial === null ? id : `${id} (serial ${serial})`));
  const more = systems.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}

const SHOWN_MAX = 8;
