import { type ApiError, describeApiError, type ProxmoxApi } from "./api.ts";
import type { KnownMember } from "./book.ts";
import { type ClusterStatus, findNode, isOnline, readClusterStatus } from "./cluster-status.ts";
import { explainFailure } from "./failures.ts";
import { waitForHost } from "./host-wait.ts";
import { type JoinRun, JoinStop, minutes } from "./join-run.ts";
import { releaseKey } from "./key-release.ts";
import { describeNodeError } from "./node.ts";
import { roadOf } from "./road.ts";

const POLL_MS = 3000;
const TRIES_MAX = 6;
const TRY_AGAIN_MS = 15_000;
/** A join is known to the member after some seconds. */
const ORDER_LOST_MS = 60_000;

/**
 * Through the Proxmox API with root's password. SSH is used once, before: to read the host's certificate, whose
 * fingerprint nobody has reported, over a connection whose host key somebody has. Then the key is removed.
 */
export async function joinOverApi(run: JoinRun): Promise<void> {
  const { order, tools } = run;
  if (run.wasVerified) return;
  const fingerprint = await run.step("read certificate", () => readCertificate(run));
  await run.step("remove key", () => removeKey(run));
  const road = roadOf(tools.book.read(order.cluster.name), order, order.cluster.member !== null);
  if (road.type === "unclear") throw new JoinStop(road.why);
  if (road.type === "create") {
    const own = await run.step("log in", () => logIn(run, [{ address: order.address, fingerprint }]));
    const status = await run.step("check membership", () => ownStatus(run, own));
    if (status === null) await run.step("create cluster", () => create(run, own));
    await run.step("verify", () => verify(run, own, fingerprint, true));
    return;
  }
  const member = await run.step("find a member", () => logIn(run, doorsOf(run, road.members)));
  let before = await run.step("check membership", () => memberStatus(run, member));
  if (wasOrdered(run)) before = await run.step("join", () => awaitOrdered(run, member));
  if (!isOnline(before, order.name) || !wasOrdered(run)) {
    const own = await run.step("log in", () => logIn(run, [{ address: order.address, fingerprint }]));
    const status = await ownStatus(run, own);
    if (status === null) {
      await run.step("make room", () => makeRoom(run, member, before));
      await run.step("join", () => join(run, own, member));
    }
  }
  await run.step("verify", () => verify(run, member, null, false));
}

function wasOrdered({ order, tools }: JoinRun): boolean {
  const pending = tools.book.read(order.cluster.name).certificates?.[order.host];
  return pending?.attempt === order.attempt && pending.ordered;
}

/**
 * After a restart: the host was told to join, or was just about to be. It may be on its way, with another certificate
 * already; what the member does not list after a while has not begun.
 */
async function awaitOrdered(run: JoinRun, member: ProxmoxApi): Promise<ClusterStatus> {
  const { order, tools } = run;
  const begun = tools.clock.now();
  return await run.until(
    order.cluster.quorumMs,
    POLL_MS,
    async () => {
      const status = await statusOf(member);
      if (status === "unknown" || status === null) return null;
      if (status.quorate && isOnline(status, order.name)) return status;
      const isListed = findNode(status, order.name) !== undefined;
      return !isListed && status.quorate && tools.clock.now() - begun > ORDER_LOST_MS ? status : null;
    },
    () => new JoinStop(lateWords(run), true),
  );
}

/** Written down at once: after the join nobody could ask again. */
async function readCertificate(run: JoinRun): Promise<string> {
  const { order, tools } = run;
  const record = tools.book.read(order.cluster.name);
  const known = record.certificates?.[order.host];
  if (known?.attempt === order.attempt) return known.fingerprint;
  const node = await waitForHost(run);
  const fingerprint = await run.until(
    order.cluster.sshMs,
    POLL_MS,
    async () => {
      const view = await node.look();
      return view.ok ? view.value.fingerprint : null;
    },
    () => new JoinStop("it has no certificate yet, which Proxmox makes when it starts"),
  );
  node.close();
  const certificates = {
    ...record.certificates,
    [order.host]: { attempt: order.attempt, fingerprint, ordered: false },
  };
  await tools.book.write(order.cluster.name, { ...record, certificates });
  return fingerprint;
}

/** From here on the password is enough. What cannot be removed now is left to the janitor. */
async function removeKey(run: JoinRun): Promise<void> {
  const { key, order, tools } = run;
  if (key === null) return;
  const opened = await tools.openNode(order, { type: "key", privateKey: key.privateKey }, run.signal);
  if (!opened.ok)
    return run.note("remove key", `${describeNodeError(opened.error, order.address)}; it is tried again later`);
  const why = await releaseKey(tools.keys, key, [], [run.keep(opened.value)]);
  opened.value.close();
  if (why !== null) run.note("remove key", `${why}; it is tried again later`);
}

interface ApiDoor {
  readonly address: string;
  readonly fingerprint: string;
}

function doorsOf({ order }: JoinRun, members: readonly KnownMember[]): readonly ApiDoor[] {
  const { member } = order.cluster;
  const named = member === null || member.fingerprint === null ? [] : [{ ...member, fingerprint: member.fingerprint }];
  const known = members.flatMap(({ address, fingerprint }) =>
    fingerprint === null || address === member?.address ? [] : [{ address, fingerprint }],
  );
  return [...named, ...known];
}

/** At the first of them that lets us in. What will not pass by itself ends the join at once, if there is no other. */
async function logIn(run: JoinRun, doors: readonly ApiDoor[]): Promise<ProxmoxApi> {
  const { order, tools } = run;
  const password = order.cluster.password ?? "";
  if (doors.length === 0)
    throw new JoinStop(
      `there is no way into cluster ${order.cluster.name}: the certificate of no member is known; name one with its fingerprint in [[cluster]]`,
    );
  let last = "";
  return await run.until(
    order.cluster.quorumMs,
    POLL_MS,
    async () => {
      const errors: { readonly error: ApiError; readonly words: string }[] = [];
      for (const { address, fingerprint } of doors) {
        const opened = await tools.openApi({ address, fingerprint, password }, run.signal);
        if (opened.ok) return opened.value;
        run.check();
        errors.push({ error: opened.error, words: describeApiError(opened.error, address) });
      }
      last = errors.map(({ words }) => words).join("; ");
      if (errors.every(({ error }) => isFinal(error))) throw new JoinStop(last);
      return null;
    },
    () => new JoinStop(last),
  );
}

/** Asking again would only fill the member's log, and might lock root out. */
function isFinal({ type }: ApiError): boolean {
  return type === "login-refused" || type === "second-factor" || type === "wrong-certificate";
}

async function statusOf(api: ProxmoxApi): Promise<ClusterStatus | null | "unknown"> {
  const answer = await api.get("/cluster/status");
  const status = answer.ok ? readClusterStatus(answer.value) : null;
  return status?.ok === true ? status.value : "unknown";
}

async function ownStatus(run: JoinRun, own: ProxmoxApi): Promise<ClusterStatus | null> {
  const { order } = run;
  const found = await run.until(
    order.cluster.quorumMs,
    POLL_MS,
    async () => {
      const status = await statusOf(own);
      return status === "unknown" ? null : { status };
    },
    () => new JoinStop(`${own.address} does not tell the status of its cluster`),
  );
  if (found.status !== null && !isOurs(run, found.status))
    throw new JoinStop(`it is a member of another cluster, ${found.status.name}; rebuild it`);
  return found.status;
}

async function memberStatus(run: JoinRun, member: ProxmoxApi): Promise<ClusterStatus> {
  const { order } = run;
  return await run.until(
    order.cluster.quorumMs,
    POLL_MS,
    async () => {
      const status = await statusOf(member);
      if (status === null) throw new JoinStop(`${member.address} is in no cluster`);
      if (status !== "unknown" && !isOurs(run, status))
        throw new JoinStop(`${member.address} is a member of another cluster, ${status.name}`);
      return status !== "unknown" && status.quorate ? status : null;
    },
    () =>
      new JoinStop(
        `${member.address}: cluster not ready - no quorum? – bring its other nodes up (within ${minutes(order.cluster.quorumMs)})`,
      ),
  );
}

function isOurs({ order }: JoinRun, { name }: ClusterStatus): boolean {
  return name.toLowerCase() === order.cluster.name.toLowerCase();
}

async function create(run: JoinRun, own: ProxmoxApi): Promise<void> {
  const { order, tools } = run;
  const { host, attempt, name } = order;
  const record = tools.book.read(order.cluster.name);
  await tools.book.write(order.cluster.name, { ...record, founder: { host, attempt, name, done: false } });
  await untilDone(run, "create cluster", own, {
    order: () => own.post("/cluster/config", { clustername: order.cluster.name, ...linkFields(order.links) }),
    isDone: async () => {
      const status = await statusOf(own);
      return status !== "unknown" && status !== null && status.quorate;
    },
    isListed: async () => false,
  });
}

async function makeRoom(run: JoinRun, member: ProxmoxApi, before: ClusterStatus): Promise<void> {
  const { order } = run;
  const earlier = findNode(before, order.name);
  if (earlier === undefined) return;
  if (earlier.online)
    throw new JoinStop(`a node called ${order.name} is online in the cluster; give the slot another hostname`);
  if (!order.cluster.rejoin)
    throw new JoinStop(
      `a node called ${order.name} is in the cluster already, offline: it was installed before, or an earlier join stopped half-way; remove it (pvecm delnode ${order.name}), or set rejoin = true in [[cluster]], then rebuild it`,
      true,
    );
  run.note("make room", `${order.name} is in the cluster from an earlier installation; taking it out`);
  const removed = await member.delete(`/cluster/config/nodes/${encodeURIComponent(order.name)}`);
  const after = await memberStatus(run, member);
  if (findNode(after, order.name) !== undefined)
    throw new JoinStop(removed.ok ? "it is still in the cluster" : describeApiError(removed.error, member.address));
}

async function join(run: JoinRun, own: ProxmoxApi, member: ProxmoxApi): Promise<void> {
  const { order } = run;
  await untilDone(run, "join", own, {
    order: async () => {
      const info = await member.get("/cluster/config/join");
      if (!info.ok) return info;
      const fingerprint = fingerprintIn(info.value, member.address);
      if (fingerprint === null)
        throw new JoinStop(`the join information of ${member.address} does not list its own certificate`);
      const password = order.cluster.password ?? "";
      await setOrdered(run);
      return await own.post("/cluster/config/join", {
        hostname: member.address,
        fingerprint,
        password,
        ...linkFields(order.links),
      });
    },
    isDone: async () => {
      const status = await statusOf(member);
      return status !== "unknown" && status !== null && status.quorate && isOnline(status, order.name);
    },
    isListed: async () => {
      const status = await statusOf(member);
      return status !== "unknown" && status !== null && findNode(status, order.name) !== undefined;
    },
  });
}

async function setOrdered({ order, tools }: JoinRun): Promise<void> {
  const record = tools.book.read(order.cluster.name);
  const pending = record.certificates?.[order.host];
  if (pending === undefined) return;
  const certificates = { ...record.certificates, [order.host]: { ...pending, ordered: true } };
  await tools.book.write(order.cluster.name, { ...record, certificates });
}

/** The list comes in random order, so the entry is chosen by its address. */
function fingerprintIn(info: unknown, address: string): string | null {
  const { nodelist } = (info ?? {}) as { readonly nodelist?: unknown };
  if (!Array.isArray(nodelist)) return null;
  const nodes = nodelist as readonly Readonly<Record<string, unknown>>[];
  const own = nodes.find(({ pve_addr, ring0_addr }) => pve_addr === address || ring0_addr === address);
  return typeof own?.pve_fp === "string" ? own.pve_fp : null;
}

interface Work {
  readonly order: () => ReturnType<ProxmoxApi["get"]>;
  readonly isDone: () => Promise<boolean>;
  readonly isListed: () => Promise<boolean>;
}

/** The task says how it ended only as long as its node can be asked; what counts is `isDone`. */
async function untilDone(run: JoinRun, step: string, own: ProxmoxApi, work: Work): Promise<void> {
  const { order, tools } = run;
  const end = tools.clock.now() + order.cluster.quorumMs;
  for (let tries = 1; ; tries++) {
    const ordered = await work.order();
    run.check();
    if (!ordered.ok && ordered.error.type !== "refused" && ordered.error.type !== "unreachable")
      throw new JoinStop(describeApiError(ordered.error, own.address));
    let said = ordered.ok ? null : describeApiError(ordered.error, own.address);
    for (let polls = 0; said === null || polls < 3; polls++) {
      if (await work.isDone()) return;
      run.check();
      said ??= ordered.ok ? await taskFailure(own, ordered.value) : null;
      run.check();
      if (tools.clock.now() >= end) throw new JoinStop(lateWords(run), true);
      await run.pause(POLL_MS);
    }
    const { why, passing } = explainFailure(said);
    const half = await work.isListed();
    if (!passing || half || tries >= TRIES_MAX) throw new JoinStop(why, half);
    run.note(step, `${why}; trying again`);
    await run.pause(TRY_AGAIN_MS);
  }
}

/** null: it runs, ended well, or nobody can tell any more. */
async function taskFailure(own: ProxmoxApi, upid: unknown): Promise<string | null> {
  const [, node] = String(upid).split(":");
  if (node === undefined || node === "") return null;
  const path = `/nodes/${encodeURIComponent(node)}/tasks/${encodeURIComponent(String(upid))}`;
  const answer = await own.get(`${path}/status`);
  if (!answer.ok) return null;
  const { status, exitstatus } = (answer.value ?? {}) as Readonly<Record<string, unknown>>;
  if (status !== "stopped" || exitstatus === "OK" || String(exitstatus).startsWith("WARNINGS")) return null;
  const log = await own.get(`${path}/log?start=0&limit=500`);
  const lines = log.ok && Array.isArray(log.value) ? (log.value as { readonly t?: unknown }[]) : [];
  return [...lines.map(({ t }) => String(t ?? "")), `TASK ERROR: ${String(exitstatus)}`].join("\n");
}

/** What a member says counts. From its join information comes the certificate that the host has now. */
async function verify(run: JoinRun, member: ProxmoxApi, fingerprint: string | null, isFounder: boolean): Promise<void> {
  const { order, tools } = run;
  await run.until(
    order.cluster.quorumMs,
    POLL_MS,
    async () => {
      const status = await statusOf(member);
      return status !== "unknown" && status?.quorate === true && isOnline(status, order.name) ? true : null;
    },
    () =>
      new JoinStop(
        `${member.address} does not see it online in a quorate cluster within ${minutes(order.cluster.quorumMs)}`,
        true,
      ),
  );
  const info = await member.get("/cluster/config/join");
  const found = info.ok ? fingerprintIn(info.value, order.address) : null;
  const { host, attempt, name, address, hostKeys } = order;
  const { founder, members, certificates = {} } = tools.book.read(order.cluster.name);
  const { [host]: _, ...rest } = certificates;
  await tools.book.write(order.cluster.name, {
    founder: isFounder && founder !== null ? { ...founder, done: true } : founder,
    members: [
      ...members.filter((other) => other.host !== host),
      { host, attempt, name, address, hostKeys, fingerprint: found ?? fingerprint },
    ],
    certificates: rest,
  });
}

function linkFields(links: readonly string[]): Record<string, string> {
  return Object.fromEntries(links.map((address, index) => [`link${index}`, address]));
}

function lateWords({ order }: JoinRun): string {
  return `no quorum with it within ${minutes(order.cluster.quorumMs)}; UDP 5405 to 5412 must be open between all nodes. If the cluster lost its quorum: pvecm expected 1 on a member`;
}
