import { join } from "node:path";
import { proxmoxApis } from "./cluster/api.ts";
import { openClusterBook } from "./cluster/book.ts";
import { KeyJanitor } from "./cluster/janitor.ts";
import type { ClusterSettings } from "./cluster/join.ts";
import { KeyFolder } from "./cluster/key-folder.ts";
import type { OpenSsh, SshLogin } from "./cluster/ssh.ts";
import { nodesOverSsh } from "./cluster/ssh-node.ts";
import { readCredential } from "./config/credentials.ts";
import type { Config } from "./config/load.ts";
import { Joins } from "./joins.ts";
import type { Engine } from "./queue/engine.ts";
import { systemClock } from "./std/clock.ts";
import type { Log } from "./std/log.ts";

const SSH_PORT = 22;
const API_PORT = 8006;
const SWEEP_MS = 60_000;

/** Joins to clusters, and the keys for them. */
export interface ClusterParts {
  readonly joins: Joins;
  /** Begins to look after keys; the engine must have been started. */
  start(engine: Engine): void;
  warnings(): readonly string[];
  /** Stops joins, which go on after the restart. */
  close(): Promise<void>;
}

/** `config`: as it is at the time of asking, because it can be read again. Rejects when what was kept cannot be read. */
export async function openCluster(
  stateFolder: string,
  config: () => Config,
  engine: () => Engine,
  log: Log,
): Promise<ClusterParts> {
  const keys = await KeyFolder.open(join(stateFolder, "join-keys"));
  const openNode = nodesOverSsh(openSsh, SSH_PORT);
  const tools = {
    openNode,
    openApi: proxmoxApis(API_PORT, systemClock),
    book: await openClusterBook(join(stateFolder, "clusters.json")),
    keys,
    clock: systemClock,
  };
  const clusterOf = (name: string) => clusterSettings(config(), name);
  const joins = new Joins({
    engine,
    tools,
    clusterOf,
    // A slot that the configuration has lost since keeps its own address.
    linksOf: (slot) =>
      config().slots.find(({ address }) => address === slot.address) ?? { link0: slot.address, link1: null },
    joinsByItself: (name) => config().cluster.some((cluster) => cluster.name === name && cluster.kind === "http"),
    log,
  });
  const janitor = new KeyJanitor({
    keys,
    openNode,
    clock: systemClock,
    log,
    isNeeded: (key) => joins.isNeeded(key),
    isWiped: (key) => joins.isWiped(key),
    heirsOf: (key) => joins.heirsOf(key),
    loginsOf: async (key) => loginsOf(await clusterOf(key.cluster).catch(() => null)),
  });
  const closing = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  let unwatch = () => {};
  const sweep = () =>
    void janitor.sweep(closing.signal).catch((error: Error) => {
      log.error("ephemeral keys cannot be looked after", { why: error.message });
    });
  return {
    joins,
    start(running) {
      joins.watch(running.state);
      unwatch = running.subscribe((state) => joins.watch(state));
      sweep();
      timer = setInterval(sweep, SWEEP_MS);
    },
    warnings: () => janitor.warnings(),
    async close() {
      unwatch();
      if (timer !== null) clearInterval(timer);
      closing.abort();
      await joins.close();
    },
  };
}

/** The library comes with the first session: who has no cluster never needs it. */
const openSsh: OpenSsh = async (target, signal) => {
  const { sshOver2 } = await import("./cluster/ssh2-session.ts");
  return await sshOver2()(target, signal);
};

async function clusterSettings({ cluster }: Config, wanted: string): Promise<ClusterSettings | null> {
  const found = cluster.find(({ name }) => name === wanted);
  if (found === undefined) return null;
  const { name, method, member, key_file, password_file, rejoin, ssh_minutes, quorum_minutes } = found;
  return {
    name,
    method,
    member:
      member === undefined
        ? null
        : { address: member.address, hostKeys: member.host_keys, fingerprint: member.fingerprint ?? null },
    privateKey: key_file === undefined ? null : await readCredential(key_file),
    password: password_file === undefined ? null : await readCredential(password_file),
    rejoin,
    sshMs: ssh_minutes * 60_000,
    quorumMs: quorum_minutes * 60_000,
  };
}

function loginsOf(cluster: ClusterSettings | null): readonly SshLogin[] {
  const logins: SshLogin[] = [];
  if (cluster === null) return logins;
  if (cluster.privateKey !== null) logins.push({ type: "key", privateKey: cluster.privateKey });
  if (cluster.password !== null) logins.push({ type: "password", password: cluster.password });
  return logins;
}
