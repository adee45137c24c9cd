import type { KeptKey, KeyFolder } from "./key-folder.ts";
import { describeNodeError, type ProxmoxNode } from "./node.ts";

/**
 * Takes a key out of every `authorized_keys` that may hold it, and then off our disk. `others`, which still need the
 * members, are let in first: else the last key that opens the cluster would be gone. `nodes`: sessions that are open;
 * one that is a member speaks for all members. null: it is gone everywhere; else why not, and it is kept.
 */
export async function releaseKey(
  keys: KeyFolder,
  key: KeptKey,
  others: readonly KeptKey[],
  nodes: readonly ProxmoxNode[],
): Promise<string | null> {
  const { guests, places } = keys.find(key.host, key.attempt) ?? key;
  let left = places;
  const reasons: string[] = [];
  for (const node of new Set(nodes)) {
    const view = await node.look();
    const isMember = view.ok && view.value.cluster !== "unknown" && view.value.cluster?.name === key.cluster;
    const heirs = isMember ? others : [];
    const place = left.find(({ address }) => address === node.address);
    for (const heir of heirs) {
      if (place !== undefined) await keys.addPlace(heir, { ...place, shared: true });
    }
    const remnants = isMember
      ? keys.all().filter(({ cluster, privateKey }) => cluster === key.cluster && privateKey === "")
      : [];
    await node.distrust(trustMark(key.attempt));
    const edited = await node.editKeys({
      add: heirs.map(({ publicKey }) => publicKey),
      remove: [key.publicKey, ...guests, ...remnants.map(({ publicKey }) => publicKey)],
    });
    if (!edited.ok) {
      reasons.push(describeNodeError(edited.error, node.address));
    } else if (edited.value > 0) {
      reasons.push(`${node.address}: it could not be taken out of authorized_keys`);
    } else {
      left = left.filter(({ address, shared }) => address !== node.address && !(isMember && shared));
      for (const remnant of remnants) if (remnant.places.every(({ shared }) => shared)) await keys.remove(remnant);
    }
  }
  if (left.length > 0) {
    const where = left.map(({ address }) => address).join(", ");
    return reasons.length > 0 ? reasons.join("; ") : `nobody could look at ${where}`;
  }
  await keys.remove(key);
  return null;
}

/** Finds what was written into `known_hosts` for one join. */
export function trustMark(attempt: string): string {
  return `bootqueue-${attempt}`;
}

/** What a member was given for the time of a join that did not come to an end. */
export async function takeBackGuests(keys: KeyFolder, key: KeptKey, member: ProxmoxNode): Promise<void> {
  const { guests } = keys.find(key.host, key.attempt) ?? key;
  if (guests.length === 0) return;
  const edited = await member.editKeys({ add: [], remove: guests });
  if (edited.ok && edited.value === 0) await keys.setGuests(key, []);
}
