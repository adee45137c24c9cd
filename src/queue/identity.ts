import type { MacAddress } from "../net/mac-address.ts";
import { isSameSystem, type SystemUuid } from "../net/system-uuid.ts";
import type { Instant } from "../std/clock.ts";
import { unreachable } from "../std/unreachable.ts";
import type { Host } from "./host.ts";

/** What tells one machine from another. null: it did not say, which speaks neither for it nor against it. */
export interface Identity {
  readonly uuid: SystemUuid | null;
  /** Of the system, from SMBIOS. */
  readonly serial: string | null;
  readonly boardSerial: string | null;
  /** All its NICs. null: seen by DHCP, where one NIC speaks at a time, or by an installer that does not list them. */
  readonly nics: readonly MacAddress[] | null;
}

/** An install is armed for a host, and what asks is not the machine that we know it as. */
export interface IdentityHold {
  readonly since: Instant;
  readonly was: Identity;
  readonly seen: Identity;
}

export type IdentityTrait = keyof Identity;

/** What `seen` says otherwise than `was`; empty: nothing. */
export function changedTraits(was: Identity, seen: Identity): readonly IdentityTrait[] {
  return TRAITS.filter((trait) => isOther(trait, was, seen));
}

/** The machine that we know a host as: what its last answer file was served to, and the UUID that its firmware shows. */
export function knownIdentity({ uuid, identity }: Host): Identity {
  return identity === null
    ? { uuid, serial: null, boardSerial: null, nics: null }
    : { ...identity, uuid: uuid ?? identity.uuid };
}

/** Whether `seen` may be installed as this host: it is the machine that we know, or the operator let exactly it through. */
export function isSameMachine(host: Host, seen: Identity): boolean {
  const changed = changedTraits(knownIdentity(host), seen);
  const approved = host.attempt?.approved ?? null;
  if (changed.length === 0 || approved === null) return changed.length === 0;
  // By DHCP a machine shows its UUID alone, which names the whole of it.
  if (approved.nics === null)
    return approved.uuid !== null && seen.uuid !== null && isSameSystem(approved.uuid, seen.uuid);
  return changed.every((trait) => seen[trait] !== null && isEqual(trait, approved, seen));
}

/** What is known after `seen` was served; what it does not say stays as it was, unless it is another machine. */
export function identityAfter(host: Host, seen: Identity): Identity {
  const was = host.identity;
  if (was === null || host.attempt?.approved != null) return seen;
  return {
    uuid: seen.uuid ?? was.uuid,
    serial: seen.serial ?? was.serial,
    boardSerial: seen.boardSerial ?? was.boardSerial,
    nics: seen.nics ?? was.nics,
  };
}

/** `its UUID was … and is …; of its network cards … is new`: for people. */
export function identityWords({ was, seen }: Pick<IdentityHold, "was" | "seen">): string {
  return changedTraits(was, seen)
    .map((trait) => changeWords(trait, was, seen))
    .join("; ");
}

function changeWords(trait: IdentityTrait, was: Identity, seen: Identity): string {
  switch (trait) {
    case "uuid":
      return `its UUID was ${was.uuid} and is ${seen.uuid}`;
    case "serial":
      return `its serial number was ${was.serial} and is ${seen.serial}`;
    case "boardSerial":
      return `its board's serial number was ${was.boardSerial} and is ${seen.boardSerial}`;
    case "nics": {
      const [before, now] = [was.nics ?? [], seen.nics ?? []];
      const gone = before.filter((mac) => !now.includes(mac));
      const fresh = now.filter((mac) => !before.includes(mac));
      const words = [
        ...(gone.length === 0 ? [] : [`${gone.join(", ")} is gone`]),
        ...(fresh.length === 0 ? [] : [`${fresh.join(", ")} is new`]),
      ];
      return `of its network cards ${words.join(" and ")}`;
    }
    default:
      return unreachable(trait);
  }
}

/** Two that both say it, and say it differently. */
function isOther(trait: IdentityTrait, was: Identity, seen: Identity): boolean {
  return was[trait] !== null && seen[trait] !== null && !isEqual(trait, was, seen);
}

function isEqual(trait: IdentityTrait, a: Identity, b: Identity): boolean {
  if (trait === "uuid")
    return a.uuid === b.uuid || (a.uuid !== null && b.uuid !== null && isSameSystem(a.uuid, b.uuid));
  if (trait !== "nics") return a[trait] === b[trait];
  return a.nics?.length === b.nics?.length && (a.nics ?? []).every((mac) => b.nics?.includes(mac));
}

const TRAITS: readonly IdentityTrait[] = ["uuid", "serial", "boardSerial", "nics"];
