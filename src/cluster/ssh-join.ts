import { type ClusterStatus, findNode, isOnline } from "./cluster-status.ts";
import { explainFailure } from "./failures.ts";
import { waitForHost } from "./host-wait.ts";
import { type JoinRun, JoinStop, minutes, STOPPING } from "./join-run.ts";
import { releaseKey, takeBackGuests, trustMark } from "./key-release.ts";
import { type Door, knock, memberDoors } from "./member-door.ts";
import { describeNodeError, type NodeView, type ProxmoxNode } from "./node.ts";
import { roadOf } from "./road.ts";

const RETRY_MS = 5000;
const POLL_MS = 3000;
/** The lock of Proxmox is waited for 10 s by itself; others hold it for as long as a join takes. */
const TRIES_MAX = 6;
const TRY_AGAIN_MS = 15_000;
/** How often a command that has ended is asked about once more: the status follows some seconds later. */
const GRACE_POLLS = 5;
/** After the key was lost to a deadline or a reset, to take back what was prepared. */
const CLEAN_UP_MS = 60_000;

/** Over SSH with the host's ephemeral key: `pvecm create` and `pvecm add`. */
export async function joinOverSsh(run: JoinRun): Promise<void> {
  // A member has seen it before a restart; what is left to do is the janitor's.
  if (run.wasVerified) return;
  const own = await run.step("wait for SSH", () => waitForHost(run));
  let door: Door | null = null;
  try {
    const { view, road } = await run.step("check membership", () => lookAround(run, own));
    if (road.type === "create") {
      if (!isMember(run, view)) await run.step("create cluster", () => create(run, own, view));
      await run.step("verify", () => verify(run, own, own));
    } else {
      door = await run.step("find a member", () => findMember(run, memberDoors(run, road.members)));
      if (!isMember(run, view)) {
        await run.step("make room", () => makeRoom(run, door as Door, view));
        await run.step("prepare trust", () => prepareTrust(run, own, door as Door));
        await run.step("join", () => join(run, own, door as Door));
      }
      await run.step("verify", () => verify(run, own, (door as Door).node));
    }
  } catch (stop) {
    await takeBack(run, own, door);
    throw stop;
  }
  await removeKey(run, own, door);
}

/** Whether it is a member already, or half of one; and whether it creates the cluster or joins it. */
async function lookAround(run: JoinRun, own: ProxmoxNode) {
  const { order, tools } = run;
  const view = await seen(run, own);
  const { cluster } = view;
  if (cluster !== null && cluster.name.toLowerCase() !== order.cluster.name.toLowerCase())
    throw new JoinStop(`it is a member of another cluster, ${cluster.name}; rebuild it`);
  if (view.name.toLowerCase() !== order.name.toLowerCase())
    throw new JoinStop(`it calls itself ${view.name} and not ${order.name}; its name must not change before it joins`);
  if (cluster === null && view.leftovers.length > 0 && view.job.type !== "running")
    throw new JoinStop(
      `it was left half joined by an earlier try (${view.leftovers.join(", ")} exist); rebuild it`,
      true,
    );
  const road = roadOf(tools.book.read(order.cluster.name), order, order.cluster.member !== null);
  if (road.type === "unclear") throw new JoinStop(road.why);
  if (cluster !== null) run.note("check membership", `it is a member of ${cluster.name} already`);
  return { view, road };
}

function isMember(run: JoinRun, { cluster }: Seen): boolean {
  return cluster !== null && cluster.name.toLowerCase() === run.order.cluster.name.toLowerCase();
}

async function create(run: JoinRun, own: ProxmoxNode, view: Seen): Promise<void> {
  const { order, tools } = run;
  const record = tools.book.read(order.cluster.name);
  const { host, attempt, name } = order;
  // On disk before it is ordered: nobody else may create this cluster from here on.
  await tools.book.write(order.cluster.name, { ...record, founder: { host, attempt, name, done: false } });
  const argv = ["pvecm", "create", order.cluster.name, ...linkArguments(order.links)];
  if (view.job.type !== "running") await own.clearJob();
  await untilDone(run, "create cluster", {
    start: () => own.startJob(argv),
    own,
    isDone: async () => {
      const now = await own.look();
      return now.ok && now.value.cluster !== "unknown" && now.value.cluster?.quorate === true;
    },
    isListed: async () => false,
  });
}

async function findMember(run: JoinRun, doors: readonly Door["way"][]): Promise<Door> {
  const { cluster } = run.order;
  if (doors.length === 0)
    throw new JoinStop(
      `there is no way into cluster ${cluster.name}: no member is known that lets us in; give key_file or password_file in [[cluster]]`,
    );
  let last = "";
  return await run.until(
    cluster.quorumMs,
    RETRY_MS,
    async () => {
      const reasons: string[] = [];
      for (const way of doors) {
        const opened = await knock(run, way);
        if (opened.ok) {
          const view = await opened.value.node.look();
          const why = view.ok ? whyNoMember(view.value, cluster.name) : describeNodeError(view.error, way.address);
          if (why === null) return opened.value;
          reasons.push(`${way.address}: ${why}`);
          opened.value.node.close();
        } else {
          reasons.push(describeNodeError(opened.error, way.address));
        }
        run.check();
      }
      last = [...new Set(reasons)].join("; ");
      return null;
    },
    () => new JoinStop(`no member of cluster ${cluster.name} lets us in and has quorum: ${last}`),
  );
}

/** null: it is one, and it is quorate. */
function whyNoMember({ cluster }: NodeView, wanted: string): string | null {
  if (cluster === "unknown") return "its services are not up";
  if (cluster === null) return "it is in no cluster";
  if (cluster.name.toLowerCase() !== wanted.toLowerCase()) return `it is a member of another cluster, ${cluster.name}`;
  return cluster.quorate ? null : "cluster not ready - no quorum? – bring its other nodes up";
}

/** A node of this name may be in the cluster already, from an earlier installation. */
async function makeRoom(run: JoinRun, { node }: Door, view: Seen): Promise<void> {
  const { order } = run;
  const before = findNode(await statusOf(run, node), order.name);
  if (before === undefined) return;
  // Our own join may be under way since before a restart.
  if (view.job.type === "running") return;
  const where = before.address === null ? "" : ` at ${before.address}`;
  if (before.online)
    throw new JoinStop(`a node called ${order.name} is online in the cluster${where}; give the slot another hostname`);
  if (!order.cluster.rejoin)
    throw new JoinStop(
      `a node called ${order.name} is in the cluster already, offline: it was installed before, or an earlier join stopped half-way; remove it (pvecm delnode ${order.name}), or set rejoin = true in [[cluster]], then rebuild it`,
      true,
    );
  run.note("make room", `${order.name} is in the cluster from an earlier installation; taking it out`);
  const removed = await node.removeMember(order.name);
  if (!removed.ok) throw new JoinStop(describeNodeError(removed.error, node.address));
  const after = await statusOf(run, node);
  if (findNode(after, order.name) !== undefined)
    throw new JoinStop(
      `pvecm delnode ${order.name} did not take it out of the cluster: ${removed.value.trim().slice(-300)}`,
    );
}

/** For the time of the join, the host's root may log in to the member, and knows the member's host key. */
async function prepareTrust(run: JoinRun, own: ProxmoxNode, door: Door): Promise<void> {
  const { order, tools } = run;
  if (order.cluster.method !== "ssh") return;
  // A join that failed before has taken its key back. A new one is only for this: the host gets it with the cluster's keys.
  const { host, attempt, name, cluster } = order;
  const key = run.key ?? (await tools.keys.ensure({ host, attempt, name, cluster: cluster.name }, tools.clock.now()));
  const rootKey = await run.until(
    order.cluster.sshMs,
    RETRY_MS,
    async () => {
      const view = await own.look();
      return view.ok ? view.value.rootKey : null;
    },
    () => new JoinStop("its root has no SSH key (/root/.ssh/id_rsa.pub), which Proxmox makes when it starts"),
  );
  await tools.keys.addPlace(key, { ...door.way, shared: true });
  await tools.keys.setGuests(key, [rootKey]);
  // Our own key too: at the join the host's authorized_keys becomes that of the cluster.
  const edited = await door.node.editKeys({ add: [key.publicKey, rootKey], remove: [] });
  if (!edited.ok) throw new JoinStop(describeNodeError(edited.error, door.way.address));
  const trusted = await own.trust(door.way.address, door.way.hostKeys, trustMark(run.order.attempt));
  if (!trusted.ok) throw new JoinStop(describeNodeError(trusted.error, own.address));
}

async function join(run: JoinRun, own: ProxmoxNode, door: Door): Promise<void> {
  const { order } = run;
  const isPassword = order.cluster.method === "ssh-password";
  const argv = ["pvecm", "add", door.way.address];
  if (isPassword) {
    const view = await door.node.look();
    const fingerprint = view.ok ? view.value.fingerprint : null;
    if (fingerprint === null) throw new JoinStop(`the certificate of ${door.way.address} could not be read`);
    argv.push("--fingerprint", fingerprint);
  } else {
    argv.push("--use_ssh");
  }
  argv.push(...linkArguments(order.links));
  const secret = isPassword ? (order.cluster.password ?? "") : "";
  await untilDone(run, "join", {
    start: () => own.startJob(argv, secret),
    own,
    isDone: async () => {
      const status = await statusThrough(run, door);
      return status?.quorate === true && isOnline(status, order.name);
    },
    isListed: async () => {
      const status = await statusThrough(run, door);
      return status !== null && findNode(status, order.name) !== undefined;
    },
  });
}

interface Work {
  /** Does nothing while it is running. */
  readonly start: () => ReturnType<ProxmoxNode["startJob"]>;
  readonly own: ProxmoxNode;
  readonly isDone: () => Promise<boolean>;
  /** The member knows the host already. */
  readonly isListed: () => Promise<boolean>;
}

/**
 * Orders it, and believes nothing but `isDone`: the exit code of pvecm says 0 either way. What failed before it touched
 * anything, and may pass, is ordered again.
 */
async function untilDone(run: JoinRun, step: string, { start, own, isDone, isListed }: Work): Promise<void> {
  const { order, tools } = run;
  const end = tools.clock.now() + order.cluster.quorumMs;
  for (let tries = 1; ; tries++) {
    const started = await start();
    run.check();
    if (!started.ok) throw new JoinStop(describeNodeError(started.error, own.address));
    let polls = 0;
    let output = "";
    while (polls < GRACE_POLLS) {
      if (await isDone()) return;
      run.check();
      const view = await own.look();
      run.check();
      if (view.ok && view.value.job.type !== "none") output = view.value.job.output;
      // While the join swaps its file system under it, it may not answer. What ended well only needs its time.
      if (view.ok && view.value.job.type !== "running" && !/TASK OK|successfully added node/.test(output)) polls++;
      if (tools.clock.now() >= end) throw new JoinStop(lateWords(run, output), true);
      await run.pause(POLL_MS);
    }
    const { why, passing } = explainFailure(output);
    const view = await own.look();
    const half = (await isListed()) || !view.ok || view.value.cluster !== null || view.value.leftovers.length > 0;
    if (!passing || half || tries >= TRIES_MAX) throw new JoinStop(why, half);
    run.note(step, `${why}; trying again`);
    await own.clearJob();
    await run.pause(TRY_AGAIN_MS);
  }
}

function lateWords({ order }: JoinRun, output: string): string {
  const said = output.trim().split("\n").at(-1) ?? "";
  const after = `no quorum with it within ${minutes(order.cluster.quorumMs)}`;
  return `${after}${said === "" ? "" : ` (its last words: ${said.slice(0, 200)})`}; UDP 5405 to 5412 must be open between all nodes. If the cluster lost its quorum: pvecm expected 1 on a member`;
}

/** What a member says counts, not what the host thinks of itself. */
async function verify(run: JoinRun, own: ProxmoxNode, member: ProxmoxNode): Promise<void> {
  const { order, tools } = run;
  await run.until(
    order.cluster.quorumMs,
    POLL_MS,
    async () => {
      const view = await member.look();
      if (!view.ok || view.value.cluster === null || view.value.cluster === "unknown") return null;
      return view.value.cluster.quorate && isOnline(view.value.cluster, order.name) ? true : null;
    },
    () =>
      new JoinStop(
        `${member.address} does not see it online in a quorate cluster within ${minutes(order.cluster.quorumMs)}`,
        true,
      ),
  );
  const view = await own.look();
  const { host, attempt, name, address, hostKeys } = order;
  const fingerprint = view.ok ? view.value.fingerprint : null;
  const record = tools.book.read(order.cluster.name);
  const founder = record.founder?.host === host && member === own ? { ...record.founder, done: true } : record.founder;
  const others = record.members.filter((other) => other.host !== host);
  await tools.book.write(order.cluster.name, {
    ...record,
    founder,
    members: [...others, { host, attempt, name, address, hostKeys, fingerprint }],
  });
}

/** The host is a member; whatever goes wrong here is left to the janitor, and told. */
async function removeKey(run: JoinRun, own: ProxmoxNode, door: Door | null): Promise<void> {
  const { tools, key } = run;
  const name = "remove key";
  tools.report(name, "started", "");
  await own.distrust(trustMark(run.order.attempt));
  await own.clearJob();
  if (key === null) return tools.report(name, "skipped", "");
  // Its root key stays: members let each other in.
  await tools.keys.setGuests(key, []);
  await tools.keys.addPlace(key, { ...run.order, shared: true });
  const why = await releaseKey(tools.keys, key, run.order.othersOnTheirWay(), [door?.node ?? own, own]);
  tools.report(name, why === null ? "succeeded" : "failed", why === null ? "" : `${why}; it is tried again later`);
}

/** After a failure: nothing that was prepared stays. When the daemon merely stops, all of it is still needed. */
async function takeBack(run: JoinRun, own: ProxmoxNode, door: Door | null): Promise<void> {
  const { tools, key, order, signal } = run;
  if (signal.aborted && signal.reason === STOPPING) return;
  const late = AbortSignal.timeout(CLEAN_UP_MS);
  const again = async (node: ProxmoxNode, hostKeys: readonly string[], login: Door["way"]["login"] | null) => {
    // The sessions died with the signal.
    if (!signal.aborted || login === null) return node;
    const opened = await tools.openNode({ address: node.address, hostKeys }, login, late);
    return opened.ok ? opened.value : node;
  };
  const login = key === null ? null : ({ type: "key", privateKey: key.privateKey } as const);
  const member = door === null ? null : await again(door.node, door.way.hostKeys, door.way.login);
  const host = await again(own, order.hostKeys, login);
  await host.distrust(trustMark(run.order.attempt));
  if (key !== null) {
    if (member !== null) await takeBackGuests(tools.keys, key, member);
    const nodes = member === null ? [host] : [member, host];
    await releaseKey(tools.keys, tools.keys.find(key.host, key.attempt) ?? key, order.othersOnTheirWay(), nodes);
  }
  if (host !== own) host.close();
  if (member !== null && member !== door?.node) member.close();
}

type Seen = NodeView & { readonly cluster: ClusterStatus | null };

async function seen(run: JoinRun, node: ProxmoxNode): Promise<Seen> {
  return await run.until(
    run.order.cluster.quorumMs,
    POLL_MS,
    async () => {
      const view = await node.look();
      return view.ok && view.value.cluster !== "unknown" ? { ...view.value, cluster: view.value.cluster } : null;
    },
    () => new JoinStop(`${node.address} does not tell the status of its cluster`),
  );
}

async function statusOf(run: JoinRun, node: ProxmoxNode): Promise<ClusterStatus> {
  const { cluster } = await seen(run, node);
  if (cluster === null) throw new JoinStop(`${node.address} is in no cluster any more`);
  return cluster;
}

/** null: nobody tells just now. A session that broke is opened anew. */
async function statusThrough(run: JoinRun, door: Door): Promise<ClusterStatus | null> {
  const view = await door.node.look();
  if (view.ok) return view.value.cluster === "unknown" ? null : view.value.cluster;
  if (view.error.type !== "failed") {
    const opened = await knock(run, door.way);
    if (opened.ok) {
      door.node.close();
      door.node = opened.value.node;
    }
  }
  return null;
}

function linkArguments(links: readonly string[]): string[] {
  return links.flatMap((address, index) => [`--link${index}`, address]);
}
