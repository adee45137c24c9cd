import type { Command } from "commander";
import type { FootprintView, HostView, SlotView, StateChange } from "../http/contract.ts";
import type { CliContext } from "./cli-context.ts";
import { CliFailure, EXIT } from "./exit-code.ts";
import { renderFootprint, renderHosts } from "./lists.ts";
import { getHost, HOST_ARGUMENT } from "./look-commands.ts";
import { oneLine } from "./table.ts";
import { nameOf, noteOf } from "./words.ts";

/** `bootqueue watch`: on a terminal a picture that redraws itself, elsewhere a line for each thing that happens. */
export function addWatchCommand(program: Command, context: CliContext): void {
  program
    .command("watch")
    .description("follow what happens, until Ctrl-C; with --json one object per line")
    .argument("[host]", `only this machine: ${HOST_ARGUMENT}`)
    .option("--lines", "one line for each thing that happens, on a terminal too")
    .action(async (name: string | undefined, { lines = false }: { lines?: boolean }) => {
      const { io } = context;
      const only = name === undefined ? null : (await getHost(context, name)).id;
      const scene = new WatchScene(only);
      const redraws = io.outIsTerminal && !context.json && !lines;
      const stop = new AbortController();
      const forget = io.onInterrupt(() => stop.abort());
      try {
        for await (const { event, data } of (await context.client()).events("/api/events", stop.signal)) {
          const shown = scene.take(event, data);
          if (context.json) for (const one of shown.objects) io.out(`${JSON.stringify(one)}\n`);
          else if (redraws) io.out(`\u001b[H\u001b[2J${scene.draw(io.now(), context.width, io.rows() ?? ROWS)}`);
          else io.out(shown.lines(io.now()));
        }
      } finally {
        forget();
      }
      if (!stop.signal.aborted) {
        throw new CliFailure(EXIT.unreachable, "the daemon ended the stream", "is it being stopped or restarted?");
      }
    });
}

interface Shown {
  /** For --json, one a line. */
  readonly objects: readonly object[];
  lines(now: number): string;
}

/** What the watcher knows so far. */
class WatchScene {
  readonly #only: string | null;
  #paused = false;
  readonly #hosts = new Map<string, HostView>();
  readonly #slots = new Map<string, SlotView>();
  readonly #footprints: FootprintView[] = [];
  #begun = false;

  constructor(only: string | null) {
    this.#only = only;
  }

  /** The data is what the contract says of the event: daemon and command are one program. */
  take(event: string, data: unknown): Shown {
    if (event === "state") return this.#changed(data as StateChange);
    if (event === "footprint") return this.#stepped(data as FootprintView);
    return NOTHING;
  }

  /** Fits `rows` lines: what moves comes first, and the latest footprints fill what is left. */
  draw(now: number, width: number | null, rows: number): string {
    const hosts = [...this.#hosts.values()].filter((host) => this.#concerns(host.id));
    const free = [...this.#slots.values()].filter((slot) => slot.state === "available").length;
    const count = `${hosts.length} ${hosts.length === 1 ? "host" : "hosts"}`;
    const head = `bootqueue: ${count}, ${free} of ${this.#slots.size} slots available${this.#paused ? ", PAUSED" : ""}\n`;
    const room = Math.max(1, rows - FRAME_LINES - Math.min(this.#footprints.length, FOOTPRINTS_MIN));
    const shown = hosts.length <= room ? hosts : mostMovingFirst(hosts).slice(0, room);
    const more = hosts.length > shown.length ? `… and ${hosts.length - shown.length} more\n` : "";
    const left = Math.max(FOOTPRINTS_MIN, rows - FRAME_LINES - shown.length);
    const steps = this.#footprints.slice(-left).map((footprint) => cut(this.#shortLine(footprint), width));
    return `${head}\n${renderHosts(shown, now, width)}${more}\n${steps.join("")}`;
  }

  /** `12:03:07  node1  dhcp dropped DISCOVER: it is installed` */
  #shortLine(footprint: FootprintView): string {
    const { mac, road, outcome, what, why } = footprint;
    const host = [...this.#hosts.values()].find(({ macs }) => mac !== null && macs.includes(mac));
    const who = host === undefined ? (mac ?? "-") : nameOf(host);
    const times = footprint.count > 1 ? ` (${footprint.count} times)` : "";
    const words = `${road}${outcome === "dropped" ? " dropped" : ""} ${what}${why === "" ? "" : `: ${why}`}${times}`;
    return `${footprint.last.slice(11, 19)}  ${who}  ${oneLine(words)}\n`;
  }

  #changed(change: StateChange): Shown {
    if (change.complete) {
      this.#hosts.clear();
      this.#slots.clear();
    }
    const pausedBefore = this.#paused;
    const begins = !this.#begun;
    this.#begun = true;
    this.#paused = change.paused;
    for (const id of change.gone) this.#hosts.delete(id);
    for (const host of change.hosts) this.#hosts.set(host.id, host);
    for (const slot of change.slots) this.#slots.set(slot.address, slot);
    const hosts = change.hosts.filter((host) => this.#concerns(host.id));
    const gone = change.gone.filter((id) => this.#concerns(id));
    const queueNews = this.#only === null && change.paused !== pausedBefore && !begins;
    return {
      objects:
        this.#only === null || hosts.length + gone.length > 0
          ? [{ event: "state", ...change, hosts, gone, slots: this.#only === null ? change.slots : [] }]
          : [],
      lines: (now) =>
        [
          ...(queueNews ? [`${stamp(now)}  the queue is ${change.paused ? "paused" : "open again"}\n`] : []),
          ...hosts.map((host) => {
            const note = noteOf(host, now);
            return `${stamp(now)}  ${nameOf(host)} (${host.bootMac}) is ${host.state}${note === "" ? "" : `: ${note}`}\n`;
          }),
          ...gone.map((id) => `${stamp(now)}  ${id} was forgotten\n`),
        ].join(""),
    };
  }

  #stepped(footprint: FootprintView): Shown {
    const host = this.#only === null ? null : this.#hosts.get(this.#only);
    if (host !== null && !(footprint.mac !== null && host?.macs.includes(footprint.mac))) return NOTHING;
    // One that was folded into the one before comes again, with its count.
    const same = this.#footprints.findIndex(
      ({ at, mac, road, what }) =>
        at === footprint.at && mac === footprint.mac && road === footprint.road && what === footprint.what,
    );
    if (same >= 0) this.#footprints.splice(same, 1);
    this.#footprints.push(footprint);
    if (this.#footprints.length > DRAWN_MAX) this.#footprints.shift();
    return { objects: [{ event: "footprint", ...footprint }], lines: () => renderFootprint(footprint) };
  }

  #concerns(id: string): boolean {
    return this.#only === null || id === this.#only;
  }
}

const NOTHING: Shown = { objects: [], lines: () => "" };
const DRAWN_MAX = 100;
/** Of a terminal that does not say how high it is. */
const ROWS = 24;
/** Head, empty lines, titles, `and more`, and the line where the cursor stands. */
const FRAME_LINES = 6;
const FOOTPRINTS_MIN = 5;
/** States in which nothing happens by itself. */
const STILL: ReadonlySet<string> = new Set(["registered", "ready"]);

function mostMovingFirst(hosts: readonly HostView[]): readonly HostView[] {
  return hosts.toSorted(
    (one, other) =>
      Number(STILL.has(one.state)) - Number(STILL.has(other.state)) || Date.parse(other.since) - Date.parse(one.since),
  );
}

function cut(line: string, width: number | null): string {
  return width === null || line.length <= width ? line : `${line.slice(0, width - 1)}…\n`;
}

function stamp(now: number): string {
  return new Date(now).toISOString().slice(0, 19).replace("T", " ");
}
