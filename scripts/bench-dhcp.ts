// How fast the daemon answers DHCP, side by side with the servers that people use: `npm run bench:dhcp`. See docs/benchmarks.md.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type PeerName, preparePeer } from "./bench/peers.ts";
import { BenchNetwork, type Phase } from "./bench/running.ts";

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "1000,10000" },
    rounds: { type: "string", default: "3" },
    servers: { type: "string", default: "bootqueue,kea,dnsmasq,echo" },
    /** The daemon's program: `dist/main.js`, made by `npm run build`. */
    main: { type: "string", default: "dist/main.js" },
    /** Node writes its profiles of the daemon into this folder. */
    profile: { type: "string" },
  },
});
const SIZES = values.clients.split(",").map(Number);
const ROUNDS = Number(values.rounds);
const NAMES = values.servers.split(",") as PeerName[];
/** As many as the measurements that are quoted everywhere; a server answers none of them late because of it. */
const IN_FLIGHT = 64;
/**
 * Other machines that every server answers first: what is measured is a server that runs, not one that starts. To
 * dnsmasq, which becomes slower with each lease, fewer.
 */
const WARM = { bootqueue: 2000, kea: 2000, echo: 2000, dnsmasq: 100 };
const WARM_SECONDS = 2;
const STEADY_SECONDS = 3;
/** A server that is slower than this is stopped, and its rate so far counts, which favours it. */
const NEW_SECONDS_MAX = 20;
const PACED_SECONDS = 10;

interface Measured {
  /** DISCOVER to ACK of hosts that the server did not know, a second. */
  readonly fresh: number;
  /** The same of hosts that it knows. */
  readonly repeat: number;
  /** REQUESTs answered a second; of the echo server, datagrams. */
  readonly renew: number;
  /** Of new hosts, DISCOVER to ACK, at half the rate `fresh`. */
  readonly p99ms: number;
  readonly rss: number;
  /** Repeated requests, NAKs, addresses given twice. */
  readonly faults: number;
}

const folder = mkdtempSync(join(tmpdir(), "bootqueue-bench-"));
const program = join(folder, "dhcp-load");
execFileSync("gcc", ["-O2", "-o", program, fileURLToPath(new URL("bench/dhcp-load.c", import.meta.url))]);
const network = new BenchNetwork();
const results = new Map<string, Measured[]>();
try {
  for (let round = 1; round <= ROUNDS; round++) {
    for (const size of SIZES) {
      for (const name of NAMES) {
        const measured = await measure(name, size, round);
        const key = `${name} ${size}`;
        results.set(key, [...(results.get(key) ?? []), measured]);
        process.stderr.write(`round ${round}, ${size} clients, ${name}: ${JSON.stringify(measured)}\n`);
      }
    }
  }
} finally {
  network.remove();
  rmSync(folder, { recursive: true });
}
for (const size of SIZES) printTable(size);
process.stdout.write(`${JSON.stringify(ratios())}\n`);

async function measure(name: PeerName, size: number, round: number): Promise<Measured> {
  const warm = WARM[name];
  const own = join(folder, `${name}-${size}-${round}`);
  mkdirSync(own);
  const profile = values.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${resolve(values.profile)}`];
  const peer = preparePeer(name, {
    folder: own,
    interface: network.interface,
    addresses: warm + 2 * size,
    main: resolve(values.main),
    nodeFlags: profile,
  });
  const server = await network.start(peer, own);
  try {
    if (name === "echo") {
      const phases = [`echo:0:${warm}:${WARM_SECONDS}`, `echo:${warm}:${size}:${STEADY_SECONDS}`];
      const [, echo] = await network.load(program, IN_FLIGHT, phases);
      return { fresh: 0, repeat: 0, renew: rateOf(echo), p99ms: 0, rss: server.rssBytes(), faults: faultsOf(echo) };
    }
    // A server that was stopped early knows only some of them, but surely the first hundred.
    const known = name === "dnsmasq" ? 100 : size;
    const [, , fresh, repeat, renew] = await network.load(program, IN_FLIGHT, [
      `exchange:0:${warm}:${NEW_SECONDS_MAX}`,
      `repeat:0:${warm}:${WARM_SECONDS}`,
      `exchange:${warm}:${size}:${NEW_SECONDS_MAX}`,
      `repeat:${warm}:${known}:${STEADY_SECONDS}`,
      `renew:${warm}:${known}:${STEADY_SECONDS}`,
    ]);
    const rss = server.rssBytes();
    const half = Math.max(1, Math.floor(rateOf(fresh) / 2));
    const [paced] = await network.load(program, IN_FLIGHT, [
      `exchange:${warm + size}:${size}:${PACED_SECONDS}:${half}`,
    ]);
    const faults = faultsOf(fresh) + faultsOf(repeat) + faultsOf(renew);
    return {
      fresh: rateOf(fresh),
      repeat: rateOf(repeat),
      renew: rateOf(renew),
      p99ms: paced?.p99ms ?? 0,
      rss,
      faults,
    };
  } finally {
    await server.stop();
  }
}

function rateOf(phase: Phase | undefined): number {
  return phase === undefined ? 0 : Math.round(phase.done / phase.seconds);
}

function faultsOf(phase: Phase | undefined): number {
  return phase === undefined ? 0 : phase.retries + phase.naks + phase.givenUp + phase.doubleAddresses;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[at] ?? 0) : ((sorted[at - 1] ?? 0) + (sorted[at] ?? 0)) / 2;
}

function of(name: PeerName, size: number): readonly Measured[] {
  return results.get(`${name} ${size}`) ?? [];
}

/** The median of the rounds' ratios, so that a disturbance hits both sides of each. */
function ratio(size: number, ours: keyof Measured, peer: PeerName, theirs: keyof Measured): number | null {
  const pairs = of("bootqueue", size).flatMap((us, round) => {
    const them = of(peer, size)[round];
    return them === undefined || them[theirs] === 0 ? [] : [us[ours] / them[theirs]];
  });
  return pairs.length === 0 ? null : Number(median(pairs).toFixed(2));
}

function printTable(size: number): void {
  const line = (cells: readonly string[]) =>
    process.stdout.write(`${cells.map((cell, n) => (n === 0 ? cell.padEnd(10) : cell.padStart(12))).join(" ")}\n`);
  process.stdout.write(`\n${size} clients, medians of ${ROUNDS} rounds\n`);
  line(["", "new/s", "repeats/s", "renewals/s", "p99 ms", "RSS MB", "faults"]);
  for (const name of NAMES) {
    const all = of(name, size);
    const cell = (key: keyof Measured, scale = 1, digits = 0) =>
      (median(all.map((m) => m[key])) / scale).toFixed(digits);
    line([
      name,
      cell("fresh"),
      cell("repeat"),
      cell("renew"),
      cell("p99ms", 1, 2),
      cell("rss", 1 << 20),
      cell("faults"),
    ]);
  }
}

/** Of the sizes the worst, and each of them. */
function ratios() {
  const bySize = SIZES.map((size) => ({
    clients: size,
    new_vs_dnsmasq: ratio(size, "fresh", "dnsmasq", "fresh"),
    new_vs_kea: ratio(size, "fresh", "kea", "fresh"),
    repeat_vs_kea: ratio(size, "repeat", "kea", "repeat"),
    renew_vs_kea: ratio(size, "renew", "kea", "renew"),
    // Datagrams against datagrams: a renewal is one in and one out, as an echo is.
    repeat_vs_echo: ratio(size, "renew", "echo", "renew"),
    p99_ms_half_load: median(of("bootqueue", size).map((m) => m.p99ms)),
    rss_mb: Math.round(median(of("bootqueue", size).map((m) => m.rss)) / (1 << 20)),
  }));
  const least = (key: Exclude<keyof (typeof bySize)[number], "clients">) => {
    const known = bySize.flatMap((one) => one[key] ?? []);
    return known.length === 0 ? null : Math.min(...known);
  };
  return {
    new_vs_dnsmasq: least("new_vs_dnsmasq"),
    new_vs_kea: least("new_vs_kea"),
    repeat_vs_kea: least("repeat_vs_kea"),
    renew_vs_kea: least("renew_vs_kea"),
    repeat_vs_echo: least("repeat_vs_echo"),
    p99_ms_half_load: Math.max(...bySize.map((one) => one.p99_ms_half_load)),
    rss_mb: Math.max(...bySize.map((one) => one.rss_mb)),
    by_clients: bySize,
  };
}
