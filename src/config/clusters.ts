import { z } from "zod";
import { type Ipv4Address, type Ipv4Subnet, isHostAddress } from "../net/ipv4-address.ts";
import { oneOf, textLike, whole } from "../std/field.ts";
import { nearest } from "../std/nearest.ts";
import type { Problem } from "../std/problem.ts";
import * as field from "./fields.ts";
import { HttpMembersSection } from "./http-members.ts";
import type { DeclaredSlot } from "./slots.ts";

/** Corosync and the Proxmox API take no longer name, and it can never be changed. */
const clusterName = textLike(
  "cluster name",
  "a cluster name of at most 15 letters, digits and inner hyphens",
  /^[A-Za-z0-9]([A-Za-z0-9-]{0,13}[A-Za-z0-9])?$/,
);

const MemberSection = z.strictObject({
  address: field.ipv4Address.describe("Its address, as the nodes of the cluster reach it."),
  host_keys: z
    .array(field.sshHostKey, { error: "expected a list of SSH host keys" })
    .prefault([])
    .describe("What `cat /etc/ssh/ssh_host_*_key.pub` prints on it, one line per item. No other key is accepted."),
  fingerprint: field.certFingerprint
    .optional()
    .describe(
      'SHA-256 of its certificate, for `method = "api"`: `openssl x509 -in /etc/pve/local/pve-ssl.pem -noout -fingerprint -sha256`.',
    ),
});

export const ClusterEntry = z.strictObject({
  name: clusterName.describe("As profiles name it (`cluster = …`), and as the cluster itself is called."),
  kind: oneOf(["proxmox", "http"])
    .default("proxmox")
    .describe(
      "What forms the cluster. `proxmox`: Proxmox VE, joined by the appliance. `http`: any whose members take new ones by HTTP, joined by the first-boot agent; its settings are in `http`, and the others here are not for it. See how-to/first-boot-steps.md.",
    ),
  method: oneOf(["ssh", "ssh-password", "api"])
    .default("ssh")
    .describe(
      "How Proxmox hosts join. `ssh`: `pvecm` over SSH, with trust between the nodes for the time of the join. `ssh-password`: the same, with root's password on the standard input of `pvecm`. `api`: the Proxmox API with root's password.",
    ),
  member: MemberSection.optional().describe(
    "A member of a cluster that exists already. Left out: the first host creates the cluster.",
  ),
  key_file: field.absolutePath
    .optional()
    .describe(
      "A private SSH key, in a file of mode 0600, with which root of every member lets us in. For hosts that come when no other is on its way any more.",
    ),
  password_file: field.absolutePath
    .optional()
    .describe("Root's password on new hosts and members alike, in a file of mode 0600; one line, at most 128 octets."),
  rejoin: z
    .boolean({ error: "expected true or false" })
    .default(false)
    .describe(
      "true: a host whose name is still in the cluster from an earlier installation is removed from it (`pvecm delnode`) and joined anew, if that member is offline.",
    ),
  http: HttpMembersSection.optional().describe('How the members of a cluster of `kind = "http"` are spoken with.'),
  ssh_minutes: whole(1, 1440)
    .default(20)
    .describe("How long the installed system may take to let us in over SSH, in minutes."),
  quorum_minutes: whole(1, 1440)
    .default(10)
    .describe("How long a join may wait for quorum, in minutes; Proxmox itself would wait for ever."),
});

/** For `kind = "http"`. */
function httpProblems({ kind, http, ...rest }: ClusterEntry): readonly { key: string; message: string }[] {
  if (kind === "proxmox") return http === undefined ? [] : [{ key: "http", message: 'expected kind = "http" with it' }];
  const foreign = (["member", "key_file", "password_file"] as const).filter((key) => rest[key] !== undefined);
  return foreign.map((key) => ({ key, message: 'expected nothing here: it is for kind = "proxmox"' }));
}

export type ClusterEntry = z.infer<typeof ClusterEntry>;

/** Rules between the settings of clusters. */
export function clusterProblems(clusters: readonly ClusterEntry[]): Problem[] {
  return clusters.flatMap((cluster, index) => {
    const problems: Problem[] = [];
    const say = (key: string, message: string) => problems.push({ path: `cluster[${index}].${key}`, message });
    const { method, member, name, kind } = cluster;
    for (const { key, message } of httpProblems(cluster)) say(key, message);
    if (clusters.findIndex((other) => other.name.toLowerCase() === name.toLowerCase()) < index)
      say("name", `the name ${name} is taken already by another cluster`);
    if (kind === "http") return problems;
    if (method !== "ssh" && cluster.password_file === undefined)
      say("password_file", `missing: expected the file with root's password, which method = "${method}" needs`);
    if (member === undefined) return problems;
    if (method === "api") {
      if (member.fingerprint === undefined)
        say("member.fingerprint", 'missing: expected the fingerprint of its certificate, which method = "api" needs');
      return problems;
    }
    if (member.host_keys.length === 0)
      say("member.host_keys", `missing: expected its SSH host keys, which method = "${method}" needs`);
    if (cluster.key_file === undefined && cluster.password_file === undefined)
      say("key_file", "missing: expected key_file or password_file, or nobody lets us in at this member");
    return problems;
  });
}

/** Where link addresses may not lie. */
interface OwnNetwork {
  readonly address: Ipv4Address;
  readonly router: Ipv4Address;
  readonly subnet: Ipv4Subnet;
}

/** Link addresses: each once, none of them somebody else's, and no `link1` in the network of `link0`. */
export function linkProblems(slots: readonly DeclaredSlot[], own: OwnNetwork): Problem[] {
  const owners = new Map<Ipv4Address, DeclaredSlot>(slots.map((slot) => [slot.address, slot]));
  const problems: Problem[] = [];
  for (const slot of slots) {
    const say = (key: string, message: string) => problems.push({ path: `slot ${slot.address}: ${key}`, message });
    const links = [["link0", slot.link0] as const, ["link1", slot.link1] as const];
    for (const [key, address] of links) {
      if (address === null || (key === "link0" && address === slot.address)) continue;
      const owner = owners.get(address);
      if (owner === slot) say(key, `expected another address than those of the slot itself, found ${address}`);
      else if (owner !== undefined) say(key, `the address ${address} is taken already by slot ${owner.address}`);
      else owners.set(address, slot);
      if (address === own.address || address === own.router)
        say(key, `expected an address that nobody else has, found ${address}`);
    }
    if (slot.link1 !== null && isHostAddress(slot.link1, own.subnet) && isHostAddress(slot.link0, own.subnet))
      say("link1", `expected an address of a second network, found ${slot.link1} in ${own.subnet} as link0`);
  }
  return problems;
}

/** Every host of a cluster needs the same links. `slots`: those whose profile leads there. */
export function clusterSlotProblems(clusterName: string, slots: readonly DeclaredSlot[]): Problem[] {
  const without = slots.filter(({ link1 }) => link1 === null);
  if (without.length === 0 || without.length === slots.length) return [];
  return without.map(({ address }) => ({
    path: `slot ${address}`,
    message: `link1 is missing: other slots of cluster ${clusterName} have one, and all nodes of a cluster need the same links`,
  }));
}

/** A cluster that a profile names and nobody declares. null: it is declared. */
export function missingCluster(name: string, clusters: readonly ClusterEntry[]): string | null {
  if (clusters.some((cluster) => cluster.name === name)) return null;
  const names = clusters.map((cluster) => cluster.name);
  const near = nearest(name, names);
  if (near !== null) return `there is no [[cluster]] called "${name}"; did you mean "${near}"?`;
  const there = names.length === 0 ? "the configuration has none" : `there are: ${names.join(", ")}`;
  return `there is no [[cluster]] called "${name}"; ${there}`;
}

/** What is allowed and probably not meant. */
export function clusterWarnings(clusters: readonly ClusterEntry[]): Problem[] {
  return clusters.flatMap(({ name, kind, method, key_file, password_file }) => {
    if (kind !== "proxmox" || method !== "ssh" || key_file !== undefined || password_file !== undefined) return [];
    const message =
      "neither key_file nor password_file is given: hosts join while others of the cluster are on their way too, but one that comes later finds no way into it";
    return [{ path: `cluster ${name}`, message }];
  });
}
