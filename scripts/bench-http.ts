// How fast files, scripts and answers leave by HTTP, beside nginx, and how fast a rack is installed that is switched on at
// once, beside dnsmasq, nginx and a small answer server: `npm run bench:http`. See docs/benchmarks.md.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { IMAGE, prepareBootqueue, prepareNginx, prepareReference } from "./bench/http-peers.ts";
import { writeMeasuredFile } from "./bench/measured-file.ts";
import { SERVER } from "./bench/peers.ts";
import { BenchNetwork, type Program, type Server } from "./bench/running.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    machines: { type: "string", default: "200" },
    /** What they fetch: `kernel`, or `initrd` for both. */
    storms: { type: "string", default: "initrd" },
    /** Of files, answers, latency, storm. */
    parts: { type: "string", default: "files,answers,latency,storm" },
    /** The daemon's program: `dist/main.js`, made by `npm run build`. */
    main: { type: "string", default: "dist/main.js" },
    /** Node writes its profiles of the daemon into this folder. */
    profile: { type: "string" },
  },
});
const ROUNDS = Number(values.rounds);
const MACHINES = Number(values.machines);
const PARTS = new Set(values.parts.split(","));

/** One kind of load: so many clients fetch a file so often, for at most so long. */
interface Scene {
  readonly name: string;
  readonly file: "iso" | "initrd.img";
  readonly clients: number;
  readonly times: number;
  readonly seconds: number;
}

const SIZES = { iso: 1_500_000_000, "initrd.img": 60_000_000, linux26: 15_000_000 } as const;
const SCENES: readonly Scene[] = [
  { name: "ISO, 1", file: "iso", clients: 1, times: 5, seconds: 2.5 },
  { name: "ISO, 4", file: "iso", clients: 4, times: 5, seconds: 2.5 },
  { name: "ISO, 32", file: "iso", clients: 32, times: 5, seconds: 2.5 },
  { name: "initrd, 1", file: "initrd.img", clients: 1, times: 100, seconds: 1.5 },
  { name: "initrd, 32", file: "initrd.img", clients: 32, times: 100, seconds: 1.5 },
];
/** Before anything is measured: a server that runs, not one that starts. */
const WARM: Scene = { name: "warm", file: "iso", clients: 4, times: 1, seconds: 1 };
/** Machines that are installed before a storm, for the same reason. */
const WARM_MACHINES = 20;
/** Machines that ask for scripts, and as many that ask for answers. */
const ASKING = 32;
const ASK_SECONDS = 3;

/** What machines fetch: the kernel alone, or the initrd as well. */
type Storm = "kernel" | "initrd";
const STORMS = values.storms.split(",") as Storm[];

/** What http-load.c writes. */
interface Loaded {
  readonly seconds: number;
  readonly octets: number;
  readonly done: number;
  readonly wrong: number;
  readonly refused: number;
  readonly p99ms: number;
}

/** What storm.c writes. */
interface Stormed {
  readonly seconds: number;
  readonly machines: number;
  readonly done: number;
  readonly doubleSlots: number;
  readonly answeredAfterwards: number;
  readonly p50ms: number;
  readonly p99ms: number;
  readonly maxMs: number;
}

/** Every number of every round, by what it is and of whom. */
const results = new Map<string, number[]>();
const folder = mkdtempSync(join(tmpdir(), "bootqueue-bench-"));
const programs = { load: compile("http-load.c"), storm: compile("storm.c") };
const files = Object.fromEntries(Object.keys(SIZES).map((name) => [`${IMAGE}/${name}`, join(folder, name)]));
for (const [name, size] of Object.entries(SIZES)) writeMeasuredFile(join(folder, name), size);
const loader = join(folder, "snponly.efi");
writeMeasuredFile(loader, 300_000);
const network = new BenchNetwork();
let faults = 0;
try {
  // Machines, and the relays in front of them.
  network.addLoadAddresses("10.11.64.0/18");
  network.addLoadAddresses("10.11.128.0/18");
  for (let round = 1; round <= ROUNDS; round++) {
    if (PARTS.has("files")) for (const name of ["bootqueue", "nginx"] as const) await measureFiles(name, round);
    if (PARTS.has("answers")) await measureAnswers(round);
    if (!PARTS.has("storm")) continue;
    for (const kind of STORMS) {
      for (const name of ["bootqueue", "reference"] as const) await measureStorm(name, kind, round);
    }
  }
  if (PARTS.has("latency")) await measureLatency();
} finally {
  network.remove();
  rmSync(folder, { recursive: true });
}
printTables();
process.stdout.write(`${JSON.stringify(summary())}\n`);
if (faults > 0) process.exitCode = 1;

async function measureFiles(name: "bootqueue" | "nginx", round: number): Promise<void> {
  const options = optionsFor(`${name}-files-${round}`);
  const [server] = await start([name === "nginx" ? prepareNginx(options) : prepareBootqueue(options)], options.folder);
  try {
    await fetched(WARM);
    for (const scene of SCENES) {
      const before = server?.cpuSeconds() ?? 0;
      const { octets, seconds } = await fetched(scene);
      note(`${name} ${scene.name} rate`, octets / seconds / 1e6);
      note(`${name} ${scene.name} cpu`, ((server?.cpuSeconds() ?? 0) - before) / (octets / 1e9));
    }
    note(`${name} files rss`, (server?.peakRssBytes() ?? 0) / (1 << 20));
  } finally {
    await server?.stop();
  }
}

async function fetched({ file, clients, times, seconds, name }: Scene, port = 80): Promise<Loaded> {
  const numbers = [SIZES[file], clients, times, seconds].map(String);
  const argv = [programs.load, "get", SERVER, `${port}`, `/assets/${IMAGE}/${file}`, ...numbers];
  const text = await network.runBesideServer(argv);
  return checked(name, JSON.parse(text) as Loaded);
}

function checked(what: string, loaded: Loaded): Loaded {
  if (loaded.wrong + loaded.refused > 0) throw new Error(`${what}: ${JSON.stringify(loaded)}`);
  return loaded;
}

async function measureAnswers(round: number): Promise<void> {
  const options = optionsFor(`answers-${round}`);
  const [server] = await start([prepareBootqueue(options)], options.folder);
  try {
    for (const [what, first] of [
      ["script", 1000],
      ["answer", 2000],
    ] as const) {
      const requests = join(options.folder, what);
      await stormed(first, ASKING, [what, requests]);
      await asked(requests, ASK_SECONDS, 0);
      const all = await asked(requests, ASK_SECONDS, 0);
      const rate = all.done / all.seconds;
      const half = await asked(requests, ASK_SECONDS, rate / 2);
      note(`${what} rate`, rate);
      note(`${what} p99`, half.p99ms);
    }
    note("answers rss", (server?.peakRssBytes() ?? 0) / (1 << 20));
  } finally {
    await server?.stop();
  }
}

async function asked(requests: string, seconds: number, rate: number): Promise<Loaded> {
  const command = `exec ${programs.load} ask ${SERVER} 80 ${seconds} ${rate.toFixed(0)} < ${requests}`;
  return checked(requests, JSON.parse(await network.run(["sh", "-c", command])) as Loaded);
}

async function measureStorm(name: "bootqueue" | "reference", kind: Storm, round: number): Promise<void> {
  const options = optionsFor(`${name}-${kind}-${round}`);
  const servers = await start(
    name === "reference" ? prepareReference(options) : [prepareBootqueue(options)],
    options.folder,
  );
  try {
    await stormed(3500, WARM_MACHINES);
    const before = servers.map((server) => server.cpuSeconds());
    const { seconds, machines, done, doubleSlots, answeredAfterwards } = await stormed(
      0,
      MACHINES,
      kind === "kernel" ? ["kernel", "-"] : [],
    );
    note(`${name} ${kind} storm seconds`, seconds);
    note(
      `${name} ${kind} storm cpu`,
      servers.reduce((sum, server, n) => sum + server.cpuSeconds() - (before[n] ?? 0), 0),
    );
    note(`${name} ${kind} storm rss`, servers.reduce((sum, server) => sum + server.peakRssBytes(), 0) / (1 << 20));
    note(`${name} ${kind} storm faults`, machines - done + doubleSlots + answeredAfterwards);
    if (name === "bootqueue") faults += machines - done + doubleSlots + answeredAfterwards;
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** The last word is a number of seconds or a file; see storm.c. */
async function stormed(first: number, count: number, only: readonly string[] = []): Promise<Stormed> {
  const argv = [programs.storm, SERVER, `${first}`, `${count}`, loader, ...only];
  // It says with its exit code what its line says too.
  return JSON.parse(await network.run(["sh", "-c", '"$@" || true', "storm", ...argv])) as Stormed;
}

/**
 * How long an OFFER takes while 32 machines fetch an image: from the daemon itself, and from nginx on the same core, which
 * is what a process of its own for files would be.
 */
async function measureLatency(): Promise<void> {
  const options = optionsFor("latency");
  const other = optionsFor("latency-nginx");
  // Ahead of whoever else is on this machine, and the daemon ahead of the other process, which is the best that could do.
  const at = (priority: number, { argv, ...program }: Program) => ({
    ...program,
    argv: ["chrt", "--rr", `${priority}`, ...argv],
  });
  const servers = [
    ...(await start([at(2, prepareBootqueue(options))], options.folder)),
    ...(await start([at(1, prepareNginx(other, 8081))], other.folder)),
  ];
  const iso: Scene = { name: "latency", file: "iso", clients: 32, times: 4, seconds: 7 };
  try {
    for (const [what, port] of [
      ["idle", null],
      ["bootqueue", 80],
      ["nginx", 8081],
    ] as const) {
      const loading = port === null ? null : fetched(iso, port);
      await new Promise((go) => setTimeout(go, 1000));
      // Before the other clients on its core, because it is their delay that is not to be measured.
      const argv = ["chrt", "--rr", "3", programs.storm, SERVER, "3000", "1", loader, "probe", "5"];
      const { p50ms, p99ms, maxMs } = JSON.parse(await network.run(argv)) as Stormed;
      const { octets, seconds } = (await loading) ?? { octets: 0, seconds: 1 };
      note(`${what} offer p50`, p50ms);
      note(`${what} offer p99`, p99ms);
      note(`${what} offer max`, maxMs);
      note(`${what} offer rate`, octets / seconds / 1e6);
    }
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function start(programs: readonly Program[], logs: string): Promise<readonly Server[]> {
  const servers: Server[] = [];
  for (const program of programs) servers.push(await network.start(program, logs));
  return servers;
}

function optionsFor(name: string) {
  const own = join(folder, name);
  mkdirSync(own);
  writeFileSync(join(own, "README"), "written by a benchmark\n");
  return {
    folder: own,
    interface: network.interface,
    files: { ...files, "snponly.efi": loader },
    addresses: Math.max(MACHINES, 2 * ASKING) + 56,
    main: resolve(values.main),
    nodeFlags: values.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${resolve(values.profile)}`],
  };
}

function compile(source: string): string {
  const program = join(folder, source.replace(/\.c$/, ""));
  const path = fileURLToPath(new URL(`bench/${source}`, import.meta.url));
  execFileSync("gcc", ["-O2", "-pthread", "-o", program, path]);
  return program;
}

function note(what: string, value: number): void {
  results.set(what, [...(results.get(what) ?? []), value]);
  process.stderr.write(`${what}: ${value.toFixed(3)}\n`);
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[at] ?? 0) : ((sorted[at - 1] ?? 0) + (sorted[at] ?? 0)) / 2;
}

function of(what: string): number {
  return median(results.get(what) ?? []);
}

/** The median of the rounds' ratios, so that a disturbance hits both sides of each; null: not measured. */
function ratio(ours: string, theirs: string): number | null {
  const pairs = (results.get(ours) ?? []).flatMap((us, round) => {
    const them = results.get(theirs)?.[round];
    return them === undefined || them === 0 ? [] : [us / them];
  });
  return pairs.length === 0 ? null : Number(median(pairs).toFixed(2));
}

function printTables(): void {
  const line = (cells: readonly string[]) =>
    process.stdout.write(`${cells.map((cell, n) => (n === 0 ? cell.padEnd(24) : cell.padStart(16))).join("")}\n`);
  process.stdout.write(`\nmedians of ${ROUNDS} rounds\n`);
  if (PARTS.has("files")) {
    line(["MB/s (CPU s per GB)", ...SCENES.map(({ name }) => name), "peak RSS MB"]);
    for (const name of ["bootqueue", "nginx"]) {
      const cells = SCENES.map((scene) => {
        const cpu = of(`${name} ${scene.name} cpu`).toFixed(2);
        return `${of(`${name} ${scene.name} rate`).toFixed(0)} (${cpu})`;
      });
      line([name, ...cells, of(`${name} files rss`).toFixed(0)]);
    }
  }
  if (PARTS.has("answers")) {
    line(["", "a second", "p99 ms at half"]);
    for (const what of ["script", "answer"])
      line([`${what}s`, of(`${what} rate`).toFixed(0), of(`${what} p99`).toFixed(2)]);
  }
  if (PARTS.has("latency")) {
    line(["OFFER while 32 fetch", "p50 ms", "p99 ms", "max ms", "MB/s meanwhile"]);
    for (const [what, title] of [
      ["idle", "nobody fetches"],
      ["bootqueue", "from the daemon"],
      ["nginx", "from another process"],
    ] as const) {
      const cells = ["p50", "p99", "max"].map((key) => of(`${what} offer ${key}`).toFixed(2));
      line([title, ...cells, of(`${what} offer rate`).toFixed(0)]);
    }
  }
  if (PARTS.has("storm")) {
    line([`${MACHINES} machines`, "seconds", "CPU s", "peak RSS MB", "faults"]);
    for (const kind of STORMS) {
      for (const name of ["bootqueue", "reference"]) {
        const cells = ["seconds", "cpu", "rss"].map((key) => of(`${name} ${kind} storm ${key}`).toFixed(2));
        line([`${name}, ${kind}`, ...cells, of(`${name} ${kind} storm faults`).toFixed(0)]);
      }
    }
  }
}

function summary() {
  const versus = (scene: string, key: "rate" | "cpu") => ratio(`bootqueue ${scene} ${key}`, `nginx ${scene} ${key}`);
  const known = <T>(numbers: readonly (T | null)[]) => numbers.flatMap((number) => number ?? []);
  const cpu = known(["ISO, 1", "ISO, 4", "ISO, 32"].map((scene) => versus(scene, "cpu")));
  return {
    large_1_vs_nginx: versus("ISO, 1", "rate"),
    large_4_vs_nginx: versus("ISO, 4", "rate"),
    large_32_vs_nginx: versus("ISO, 32", "rate"),
    // The worst of one, four and 32 clients.
    cpu_per_gb_vs_nginx: cpu.length === 0 ? null : Math.max(...cpu),
    answers_per_s: Math.round(Math.min(of("script rate"), of("answer rate"))),
    answers_p99_ms_half_load: Number(Math.max(of("script p99"), of("answer p99")).toFixed(2)),
    offer_p99_ms_while_32_fetch: Number(of("bootqueue offer p99").toFixed(2)),
    storm_vs_reference: ratio("reference initrd storm seconds", "bootqueue initrd storm seconds"),
    storm_of_kernels_vs_reference: ratio("reference kernel storm seconds", "bootqueue kernel storm seconds"),
    storm_faults: faults,
    rss_mb: Math.round(of("bootqueue files rss")),
  };
}
