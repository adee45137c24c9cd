import ssh2 from "ssh2";
import { newEphemeralKey } from "../../../src/cluster/ephemeral-key.ts";
import { keyBodyOf } from "../../../src/cluster/key-line.ts";
import type { NodeError, NodeJob, NodeView, OpenNode, ProxmoxNode } from "../../../src/cluster/node.ts";
import type { SshError, SshLogin } from "../../../src/cluster/ssh.ts";
import type { Clock } from "../../../src/std/clock.ts";
import { err, ok, type Result } from "../../../src/std/result.ts";

/** A cluster as its members share it. */
export interface SimCluster {
  readonly name: string;
  readonly members: { readonly name: string; node: SimNode; online: boolean }[];
  keys: string[];
  /** Somebody else holds the lock until then. */
  lockedUntil: number;
}

/** A Proxmox node, as far as a join is concerned, with the rules that the real one keeps. */
export class SimNode {
  readonly name: string;
  readonly address: string;
  readonly hostKeys: readonly string[];
  readonly rootKey: string;
  /** `/root/.ssh/authorized_keys` while it stands alone; then it is the cluster's. */
  keys: string[];
  knownHosts: string[] = [];
  cluster: SimCluster | null = null;
  leftovers: string[] = [];
  hasGuests = false;
  isUp = true;
  password = "rainbow";
  fingerprint: string;
  /** Addresses that it has: links must be among them. */
  addresses: string[];
  joinMs = 10_000;
  job: {
    readonly argv: readonly string[];
    readonly begun: number;
    step: number;
    output: string;
    ended: boolean;
  } | null = null;
  /** Its certificate is another one now. */
  onJoined: () => void = () => {};
  /** How often it created or joined. */
  creations = 0;
  joins = 0;

  constructor(name: string, address: string, keys: readonly string[] = []) {
    this.name = name;
    this.address = address;
    this.hostKeys = [newEphemeralKey(`root@${name}`).publicKey];
    this.rootKey = newEphemeralKey(`root@${name}`).publicKey;
    this.keys = [...keys];
    this.addresses = [address];
    this.fingerprint = fingerprintFor(`${name} alone`);
  }

  get authorizedKeys(): string[] {
    return this.cluster?.keys ?? this.keys;
  }

  set authorizedKeys(keys: string[]) {
    if (this.cluster === null) this.keys = keys;
    else this.cluster.keys = keys;
  }
}

export function isQuorate(cluster: SimCluster): boolean {
  return cluster.members.filter(({ online, node }) => online && node.isUp).length * 2 > cluster.members.length;
}

/** What happens at a call, before or after it has its effect. */
export type Disturb = (call: {
  readonly node: SimNode;
  readonly what: string;
  readonly when: "before" | "after";
}) => SshError | null;

/** Nodes that answer as `ProxmoxNode`, by address. */
export class SimulatedNodes {
  readonly nodes = new Map<string, SimNode>();
  readonly #clock: Clock;
  disturb: Disturb = () => null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(name: string, address: string, keys: readonly string[] = []): SimNode {
    const node = new SimNode(name, address, keys);
    this.nodes.set(address, node);
    return node;
  }

  /** A cluster that was there before. */
  form(name: string, ...nodes: SimNode[]): SimCluster {
    const keys = nodes.flatMap((node) => [...node.keys, node.rootKey]);
    const members = nodes.map((node) => ({ name: node.name, node, online: true }));
    const cluster: SimCluster = { name, members, keys, lockedUntil: 0 };
    for (const node of nodes) node.cluster = cluster;
    return cluster;
  }

  /** Runs `pvecm`; false: something is running already. */
  order(node: SimNode, argv: readonly string[], secret = ""): boolean {
    if (node.job !== null && !node.job.ended) return false;
    node.job = { argv: [...argv, `secret=${secret}`], begun: this.#clock.now(), step: 0, output: "", ended: false };
    return true;
  }

  /** Every line that lets somebody in anywhere, and every file beside it. */
  allKeys(): string[] {
    return [...this.nodes.values()].flatMap((node) => [...node.keys, ...node.authorizedKeys, ...node.knownHosts]);
  }

  readonly open: OpenNode = async ({ address, hostKeys }, login, signal) => {
    if (signal.aborted) return err({ type: "aborted" });
    const node = this.nodes.get(address);
    if (node === undefined || !node.isUp) return err({ type: "unreachable", why: "no route to host" });
    const fault = this.disturb({ node, what: "open", when: "before" });
    if (fault !== null) return err(fault);
    if (signal.aborted) return err({ type: "aborted" });
    if (!node.hostKeys.some((line) => hostKeys.some((pin) => keyBodyOf(pin) === keyBodyOf(line))))
      return err({ type: "wrong-host-key", found: "SHA256:other" });
    return isLetIn(node, login) ? ok(this.#session(node, signal)) : err({ type: "login-refused" });
  };

  #session(node: SimNode, signal: AbortSignal): ProxmoxNode {
    const call = async <T>(what: string, work: () => Result<T, NodeError>): Promise<Result<T, NodeError>> => {
      if (signal.aborted) return err({ type: "aborted" });
      if (!node.isUp) return err({ type: "lost", why: "the connection was closed" });
      const before = this.disturb({ node, what, when: "before" });
      if (before !== null) return err(before);
      if (signal.aborted) return err({ type: "aborted" });
      this.progress();
      const result = work();
      const after = this.disturb({ node, what, when: "after" });
      if (after !== null) return err(after);
      return signal.aborted ? err({ type: "aborted" }) : result;
    };
    return {
      address: node.address,
      look: () => call("look", () => ok(this.#view(node))),
      startJob: (argv, secret = "") =>
        call(`startJob ${argv.slice(0, 2).join(" ")}`, () => {
          this.order(node, argv, secret);
          return ok(undefined);
        }),
      clearJob: () =>
        call("clearJob", () => {
          if (node.job?.ended === true) node.job = null;
          return ok(undefined);
        }),
      editKeys: ({ add, remove }) =>
        call("editKeys", () => {
          if (node.cluster !== null && !isQuorate(node.cluster))
            return err({ type: "failed", why: "/etc/pve/priv/authorized_keys: Permission denied" });
          const gone = new Set(remove.map(keyBodyOf));
          const kept = node.authorizedKeys.filter((line) => !gone.has(keyBodyOf(line)));
          const fresh = add.filter((line) => !kept.some((each) => keyBodyOf(each) === keyBodyOf(line)));
          node.authorizedKeys = [...kept, ...fresh];
          return ok(0);
        }),
      trust: (address, keys, mark) =>
        call("trust", () => {
          node.knownHosts.push(...keys.map((key) => `${address} ${key} ${mark}`));
          return ok(undefined);
        }),
      distrust: (mark) =>
        call("distrust", () => {
          node.knownHosts = node.knownHosts.filter((line) => !line.endsWith(mark));
          return ok(undefined);
        }),
      removeMember: (name) =>
        call("removeMember", () => {
          const { cluster } = node;
          if (cluster === null || !isQuorate(cluster)) return ok("cluster not ready - no quorum?");
          const at = cluster.members.findIndex((member) => member.name === name && !member.online);
          if (at >= 0) cluster.members.splice(at, 1);
          return ok("");
        }),
      close: () => {},
    };
  }

  #view(node: SimNode): NodeView {
    const { cluster } = node;
    const nodes = cluster?.members.map((member) => ({
      name: member.name,
      online: member.online && member.node.isUp,
      local: member.node === node,
      address: member.node.address,
    }));
    const job: NodeJob =
      node.job === null
        ? { type: "none" }
        : node.job.ended
          ? { type: "ended", code: 0, output: node.job.output }
          : { type: "running", output: node.job.output };
    return {
      name: node.name,
      cluster: cluster === null ? null : { name: cluster.name, quorate: isQuorate(cluster), nodes: nodes ?? [] },
      leftovers: node.leftovers,
      rootKey: node.rootKey,
      fingerprint: node.fingerprint,
      job,
    };
  }

  /** What runs on the nodes goes on whether anybody looks or not; nobody can tell when it is done only on looking. */
  progress(): void {
    for (const node of this.nodes.values()) {
      const { job } = node;
      if (job === null || job.ended || !node.isUp) continue;
      if (job.argv[1] === "create") this.#create(node, job);
      else this.#add(node, job);
    }
  }

  #create(node: SimNode, job: NonNullable<SimNode["job"]>): void {
    const refusal = whyNotJoinable(node, linksIn(job.argv));
    if (job.step === 0 && refusal !== null) {
      end(job, refusal);
      return;
    }
    job.step = 1;
    if (this.#clock.now() - job.begun < node.joinMs) return;
    node.creations++;
    const members = [{ name: node.name, node, online: true }];
    node.cluster = { name: job.argv[2] ?? "", members, keys: [...node.keys, node.rootKey], lockedUntil: 0 };
    node.keys = [];
    node.leftovers = ["/etc/corosync/authkey"];
    end(job, "Writing corosync config to /etc/pve/corosync.conf\nTASK OK");
  }

  #add(node: SimNode, job: NonNullable<SimNode["job"]>): void {
    const peer = this.nodes.get(job.argv[2] ?? "");
    if (job.step === 0) {
      const refusal = whyNotJoinable(node, linksIn(job.argv)) ?? whyNotAdded(node, peer, job.argv, this.#clock.now());
      if (refusal !== null) {
        end(job, refusal);
        return;
      }
      const { cluster } = peer as SimNode;
      if (cluster === null) return;
      cluster.members.push({ name: node.name, node, online: false });
      node.leftovers = ["/etc/corosync/authkey"];
      job.output = "copy corosync auth key\nstopping pve-cluster service\nwaiting for quorum...";
      node.joins++;
      job.step = 1;
    }
    const cluster = peer?.cluster ?? null;
    if (cluster === null || !peer?.isUp || this.#clock.now() - job.begun < node.joinMs) return;
    // Its own authorized_keys are thrown away here.
    node.cluster = cluster;
    node.keys = [];
    node.fingerprint = fingerprintFor(`${node.name} in ${cluster.name}`);
    node.onJoined();
    if (!cluster.keys.includes(node.rootKey)) cluster.keys.push(node.rootKey);
    for (const member of cluster.members) if (member.node === node) member.online = true;
    end(job, `${job.output}OK\nsuccessfully added node '${node.name}' to cluster.\nTASK OK`);
  }
}

export function fingerprintFor(text: string): string {
  return Buffer.from(text.padEnd(32, ".").slice(-32))
    .toString("hex")
    .toUpperCase()
    .replaceAll(/(..)(?!$)/g, "$1:");
}

function isLetIn(node: SimNode, login: SshLogin): boolean {
  if (login.type === "password") return login.password === node.password;
  const key = ssh2.utils.parseKey(login.privateKey);
  const body = key instanceof Error ? "" : key.getPublicSSH().toString("base64");
  return node.authorizedKeys.some((line) => keyBodyOf(line) === body);
}

function end(job: NonNullable<SimNode["job"]>, output: string): void {
  job.output = output;
  job.ended = true;
}

function linksIn(argv: readonly string[]): string[] {
  return argv.filter((_, index) => /^--link\d$/.test(argv[index - 1] ?? ""));
}

/** `assert_joinable`. Exit code 0, whatever it says. */
function whyNotJoinable(node: SimNode, links: readonly string[]): string | null {
  const faults: string[] = [];
  if (node.leftovers.length > 0) faults.push("* authentication key '/etc/corosync/authkey' already exists");
  if (node.hasGuests) faults.push("* this host already contains virtual guests");
  for (const [index, link] of links.entries()) {
    if (!node.addresses.includes(link))
      faults.push(`* link${index}: cannot use IP '${link}', not found on local node!`);
  }
  if (faults.length === 0) return null;
  return `detected the following error(s):\n${faults.join("\n")}\nTASK ERROR: Check if node may join a cluster failed!`;
}

function whyNotAdded(node: SimNode, peer: SimNode | undefined, argv: readonly string[], now: number): string | null {
  if (peer === undefined || !peer.isUp)
    return "ssh: connect to host: Connection timed out\nTASK ERROR: unable to copy ssh ID: exit code 1";
  const { cluster } = peer;
  if (argv.includes("--use_ssh")) {
    const isKnown = node.knownHosts.some((line) => line.startsWith(`${peer.address} `));
    if (!isKnown || !peer.authorizedKeys.includes(node.rootKey))
      return "TASK ERROR: unable to copy ssh ID: exit code 1";
  } else {
    if (!argv.includes(`secret=${peer.password}`)) return "TASK ERROR: 401 authentication failure";
    if (argv[argv.indexOf("--fingerprint") + 1] !== peer.fingerprint)
      return "TASK ERROR: fingerprint not verified, abort!";
  }
  if (cluster === null || !isQuorate(cluster)) return "TASK ERROR: cluster not ready - no quorum?";
  if (now < cluster.lockedUntil) return "TASK ERROR: can't lock file '/var/lock/pvecm.lock' - got timeout";
  if (cluster.members.some(({ name }) => name === node.name))
    return `TASK ERROR: can't add existing node '${node.name}'`;
  return null;
}
