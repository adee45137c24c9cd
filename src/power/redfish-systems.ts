import { type MacAddress, parseMacAddress } from "../net/mac-address.ts";
import { parseSystemUuid } from "../net/system-uuid.ts";
import { err, ok } from "../std/result.ts";
import type { SystemIdentity } from "./chosen-system.ts";
import { type MachineIdentity, type PowerResult, powerFailure } from "./power-control.ts";
import type { RedfishClient, Resource } from "./redfish-client.ts";
import { linkAt, listAt, pathOfLink, textAt, valueAt } from "./redfish-json.ts";

/** A system as the BMC describes it, with what it can be told by. */
export interface FoundSystem extends SystemIdentity {
  readonly resource: Resource;
}

/**
 * Every system behind the BMC, by following its links. One that cannot be read is a failure: it may be the one that is
 * meant. The network cards of a single one that says something stronger are not asked for: each costs a request.
 */
export async function findSystems(
  client: RedfishClient,
  known: Pick<MachineIdentity, "uuid" | "serial">,
): PowerResult<readonly FoundSystem[]> {
  const root = await client.root();
  if (!root.ok) return root;
  const paths = await membersOf(client, linkAt(root.value, "Systems"));
  if (!paths.ok) return paths;
  const found: FoundSystem[] = [];
  for (const path of paths.value) {
    const system = await client.get(path);
    if (!system.ok) return system;
    const { json } = system.value;
    const uuid = parseSystemUuid(textAt(json, "UUID") ?? "");
    const serial = textAt(json, "SerialNumber");
    const isPlain = (uuid !== null && known.uuid !== null) || (serial !== null && known.serial !== null);
    const macs = paths.value.length === 1 && isPlain ? ok([]) : await macsOf(client, json);
    if (!macs.ok) return macs;
    const id = textAt(json, "Id") ?? path.replace(/\/$/, "").split("/").at(-1) ?? path;
    found.push({ path, id, uuid, serial, macs: macs.value, resource: system.value });
  }
  return ok(found);
}

/** The members of a collection, over all its pages. */
async function membersOf(client: RedfishClient, collection: string | null): PowerResult<readonly string[]> {
  const members: string[] = [];
  const seen = new Set<string>();
  for (let page = collection; page !== null && !seen.has(page); ) {
    seen.add(page);
    const list = await client.get(page);
    if (!list.ok) return list;
    members.push(...listAt(list.value.json, "Members").flatMap((member) => linkAt(member) ?? []));
    if (members.length > MEMBERS_MAX) {
      const hint = "give the address of a BMC that serves fewer machines";
      return err(powerFailure("unsupported", `the BMC lists more than ${MEMBERS_MAX} systems`, hint));
    }
    page = pathOfLink(textAt(list.value.json, "Members@odata.nextLink"));
  }
  return ok([...new Set(members)]);
}

const MEMBERS_MAX = 64;

/** Of its network cards, as far as the BMC lists them: a help in telling systems apart, so it may be missing. */
async function macsOf(client: RedfishClient, system: unknown): PowerResult<readonly MacAddress[]> {
  const collection = linkAt(system, "EthernetInterfaces");
  if (collection === null) return ok([]);
  const cards = await membersOf(client, collection);
  if (!cards.ok) return cards.error.type === "refused" || cards.error.type === "unsupported" ? ok([]) : cards;
  const macs = new Set<MacAddress>();
  for (const path of cards.value.slice(0, CARDS_MAX)) {
    const card = await client.get(path);
    if (!card.ok) {
      if (card.error.type === "refused") continue;
      return card;
    }
    for (const name of ["PermanentMACAddress", "MACAddress"]) {
      const mac = parseMacAddress(String(valueAt(card.value.json, name) ?? ""));
      if (mac.ok) macs.add(mac.value);
    }
  }
  return ok([...macs]);
}

const CARDS_MAX = 16;
