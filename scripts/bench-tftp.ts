// How fast the daemon sends boot files, side by side with the servers that people use: `npm run bench:tftp`. See docs/benchmarks.md.
import { execFileSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { SERVER } from "./bench/peers.ts";
import { BenchNetwork } from "./bench/running.ts";
import { prepareTftpPeer, type TftpPeerName, unpackPeers } from "./bench/tftp-peers.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    servers: { type: "string", default: "bootqueue,tftpd-hpa,atftpd,dnsmasq" },
    scenes: { type: "string" },
    /** The daemon's program: `dist/main.js`, made by `npm run build`. */
    main: { type: "string", default: "dist/main.js" },
    /** Node writes its profiles of the daemon into this folder. */
    profile: { type: "string" },
  },
});

/** One kind of load. A file of 1 MiB, in blocks of 1468. */
interface Scene {
  readonly name: string;
  readonly clients: number;
  /** One after the other, for each client. */
  readonly transfers: number;
  readonly windowsize: number;
  readonly delayMs: number;
  readonly loss: number;
  /** What is not done by then counts as far as it came. */
  readonly secondsMax: number;
}

const ALL_SCENES: readonly Scene[] = [
  { name: "single", clients: 1, transfers: 30, windowsize: 1, delayMs: 0, loss: 0, secondsMax: 10 },
  { name: "hundred", clients: 100, transfers: 3, windowsize: 1, delayMs: 0, loss: 0, secondsMax: 10 },
  { name: "window 16", clients: 1, transfers: 50, windowsize: 16, delayMs: 0, loss: 0, secondsMax: 10 },
  { name: "window 16, 2 ms", clients: 1, transfers: 10, windowsize: 16, delayMs: 2, loss: 0, secondsMax: 3 },
  { name: "1 % loss", clients: 100, transfers: 1, windowsize: 1, delayMs: 0, loss: 0.01, secondsMax: 15 },
  { name: "500", clients: 500, transfers: 1, windowsize: 1, delayMs: 0, loss: 0, secondsMax: 30 },
];
const wanted = values.scenes?.split(";");
const SCENES = ALL_SCENES.filter(({ name }) => wanted === undefined || wanted.includes(name));
const ROUNDS = Number(values.rounds);
const NAMES = values.servers.split(",") as TftpPeerName[];
const PEERS = NAMES.filter((name) => name !== "bootqueue");
/** Before anything is measured: a server that runs, not one that starts. */
const WARM: Scene = { name: "warm", clients: 20, transfers: 3, windowsize: 1, delayMs: 0, loss: 0, secondsMax: 10 };

/** What tftp-load.c writes. */
interface Loaded {
  readonly clients: number;
  readonly done: number;
  readonly seconds: number;
  readonly octets: number;
  readonly wrong: number;
  readonly resent: number;
  readonly refused: number;
}

interface Measured extends Loaded {
  readonly rate: number;
  /** Of our own server. */
  readonly peakRss: number;
}

const folder = mkdtempSync(join(tmpdir(), "bootqueue-bench-"));
const load = join(folder, "tftp-load");
execFileSync("gcc", ["-O2", "-o", load, fileURLToPath(new URL("bench/tftp-load.c", import.meta.url))]);
const programs = join(folder, "peers");
unpackPeers(programs);
const bytes = randomFillSync(Buffer.alloc(1 << 20));
const file = join(folder, "boot");
writeFileSync(file, bytes);
const network = new BenchNetwork();
const results = new Map<string, Measured[]>();
try {
  for (let round = 1; round <= ROUNDS; round++) {
    for (const name of NAMES) await measureAll(name, round);
  }
} finally {
  network.remove();
  rmSync(folder, { recursive: true });
}
printTable();
process.stdout.write(`${JSON.stringify(ratios())}\n`);

async function measureAll(name: TftpPeerName, round: number): Promise<void> {
  const own = join(folder, `${name}-${round}`);
  const nodeFlags = values.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${resolve(values.profile)}`];
  const options = { folder: own, interface: network.interface, bytes, programs, main: resolve(values.main), nodeFlags };
  const server = await network.start(prepareTftpPeer(name, options), own);
  try {
    await loaded(WARM, round);
    for (const scene of SCENES) {
      const result = await loaded(scene, round);
      const peakRss = name === "bootqueue" ? server.peakRssBytes() : 0;
      const measured = { ...result, rate: result.octets / result.seconds, peakRss };
      const key = `${name} ${scene.name}`;
      results.set(key, [...(results.get(key) ?? []), measured]);
      process.stderr.write(`round ${round}, ${name}, ${scene.name}: ${JSON.stringify(measured)}\n`);
    }
  } finally {
    await server.stop();
  }
}

async function loaded(scene: Scene, seed: number): Promise<Loaded> {
  const { clients, transfers, windowsize, delayMs, loss, secondsMax } = scene;
  const numbers = [clients, transfers, windowsize, delayMs * 1000, loss, secondsMax, seed];
  const text = await network.run([load, SERVER, "69", "boot", file, ...numbers.map(String)]);
  const result = JSON.parse(text) as Loaded;
  if (result.wrong > 0) throw new Error(`${scene.name}: ${result.wrong} blocks differ from the file`);
  return result;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[at] ?? 0) : ((sorted[at - 1] ?? 0) + (sorted[at] ?? 0)) / 2;
}

function of(name: TftpPeerName, scene: string): readonly Measured[] {
  return results.get(`${name} ${scene}`) ?? [];
}

/** The median of the rounds' ratios, so that a disturbance hits both sides of each; null: not measured. */
function ratio(scene: string, peers: readonly TftpPeerName[]): number | null {
  const pairs = of("bootqueue", scene).flatMap((us, round) => {
    const best = Math.max(...peers.map((peer) => of(peer, scene)[round]?.rate ?? 0));
    return best === 0 ? [] : [us.rate / best];
  });
  return pairs.length === 0 ? null : Number(median(pairs).toFixed(2));
}

function printTable(): void {
  const line = (cells: readonly string[]) =>
    process.stdout.write(`${cells.map((cell, n) => (n === 0 ? cell.padEnd(10) : cell.padStart(18))).join("")}\n`);
  process.stdout.write(`\nMB/s over all clients (unfinished transfers), medians of ${ROUNDS} rounds\n`);
  line(["", ...SCENES.map(({ name }) => name)]);
  for (const name of NAMES) {
    const cells = SCENES.map((scene) => {
      const all = of(name, scene.name);
      const unfinished = median(all.map(({ clients, done }) => clients - done));
      const rate = median(all.map((measured) => measured.rate)) / 1e6;
      return `${rate.toFixed(1)}${unfinished > 0 && scene.clients > 1 ? ` (${unfinished})` : ""}`;
    });
    line([name, ...cells]);
  }
}

function ratios() {
  const last = of("bootqueue", SCENES.at(-1)?.name ?? "");
  return {
    single_vs_hpa: ratio("single", ["tftpd-hpa"]),
    window16_2ms_vs_hpa: ratio("window 16, 2 ms", ["tftpd-hpa"]),
    window16_2ms_vs_atftpd: ratio("window 16, 2 ms", ["atftpd"]),
    hundred_vs_hpa: ratio("hundred", ["tftpd-hpa"]),
    loss1_vs_best_peer: ratio("1 % loss", PEERS),
    loss1_unfinished: Math.max(0, ...of("bootqueue", "1 % loss").map(({ clients, done }) => clients - done)),
    rss_mb: Math.round(median(last.map(({ peakRss }) => peakRss)) / (1 << 20)),
  };
}
