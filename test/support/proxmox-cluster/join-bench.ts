import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OpenApi } from "../../../src/cluster/api.ts";
import { type ClusterBook, openClusterBook } from "../../../src/cluster/book.ts";
import { type ClusterSettings, type JoinError, type JoinOrder, joinCluster } from "../../../src/cluster/join.ts";
import { type KeptKey, KeyFolder } from "../../../src/cluster/key-folder.ts";
import type { Result } from "../../../src/std/result.ts";
import { HastyClock } from "../hasty-clock.ts";
import { type SimNode, SimulatedNodes } from "./simulated-cluster.ts";

export const LAB: ClusterSettings = {
  name: "lab",
  method: "ssh",
  member: null,
  privateKey: null,
  password: null,
  rejoin: false,
  sshMs: 20 * 60_000,
  quorumMs: 10 * 60_000,
};

/** Simulated nodes, a state folder on the real disk, and joins that run on a clock without waiting. */
export class JoinBench {
  readonly clock = new HastyClock();
  readonly nodes = new SimulatedNodes(this.clock);
  readonly folder: string;
  keys: KeyFolder;
  book: ClusterBook;
  /** `step: outcome` with what was said, in order. */
  told: string[] = [];
  openApi: OpenApi = async () => ({ ok: false, error: { type: "unreachable", why: "there is no API here" } });

  private constructor(folder: string, keys: KeyFolder, book: ClusterBook) {
    this.folder = folder;
    this.keys = keys;
    this.book = book;
  }

  static async open(): Promise<JoinBench> {
    const folder = await mkdtemp(join(tmpdir(), "bootqueue-join-"));
    const keys = await KeyFolder.open(join(folder, "join-keys"));
    return new JoinBench(folder, keys, await openClusterBook(join(folder, "clusters.json")));
  }

  /** What a restart leaves: the files. */
  async restart(): Promise<void> {
    this.keys = await KeyFolder.open(join(this.folder, "join-keys"));
    this.book = await openClusterBook(join(this.folder, "clusters.json"));
  }

  close(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  /** A host that was just installed with its key in the answer. */
  async installed(name: string, address: string, cluster = "lab"): Promise<{ node: SimNode; key: KeptKey }> {
    const key = await this.keys.ensure({ host: `host-${name}`, attempt: `a-${name}`, name, cluster }, this.clock.now());
    const node = this.nodes.add(name, address, [key.publicKey]);
    await this.keys.addPlace(key, { address, hostKeys: node.hostKeys, shared: false });
    return { node, key };
  }

  order(node: SimNode, settings: Partial<ClusterSettings> = {}, others: readonly SimNode[] = []): JoinOrder {
    return {
      host: `host-${node.name}`,
      attempt: `a-${node.name}`,
      name: node.name,
      address: node.address,
      hostKeys: node.hostKeys,
      links: [node.address],
      cluster: { ...LAB, ...settings },
      othersOnTheirWay: () => others.flatMap((other) => this.keys.find(`host-${other.name}`, `a-${other.name}`) ?? []),
    };
  }

  join(order: JoinOrder, signal: AbortSignal = new AbortController().signal): Promise<Result<void, JoinError>> {
    const { clock, keys, book } = this;
    const openNode = this.nodes.open;
    const report = (step: string, outcome: string, text: string) =>
      void this.told.push(text === "" ? `${step}: ${outcome}` : `${step}: ${outcome} (${text})`);
    return joinCluster(order, { openNode, openApi: this.openApi, book, keys, clock, report }, signal);
  }

  /** Everything that lies in the state folder, as one text. */
  async stateText(): Promise<string> {
    const texts: string[] = [];
    for (const name of await readdir(this.folder, { recursive: true }))
      texts.push(await readFile(join(this.folder, name), "utf8").catch(() => ""));
    return texts.join("\n");
  }
}
