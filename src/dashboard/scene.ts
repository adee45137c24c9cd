import type { Host, HostId } from "../queue/host.ts";
import type { QueueState } from "../queue/state.ts";
import type { Instant } from "../std/clock.ts";
import type { Footprint } from "../trace/footprint.ts";
import type { MachineType } from "./machine-facts.ts";
import type { StaticFiles } from "./static-files.ts";

/** A footprint, or several of a kind in a row folded into one, of which `at` is the first. */
export interface TraceEntry extends Footprint {
  /** How many it stands for; absent: one. */
  readonly count?: number;
  /** When the newest of them was left; absent: `at`. */
  readonly last?: Instant;
}

/** When it was last true that this happened: what timelines are sorted by. */
export function lastOf(entry: TraceEntry): Instant {
  return entry.last ?? entry.at;
}

/** What the pages want to know of the trace. The newest footprint comes last, as it was written. */
export interface TraceReader {
  recent(): readonly TraceEntry[];
  footprintsOf(mac: NonNullable<Footprint["mac"]>): readonly TraceEntry[];
  subscribe(listener: (footprint: Footprint) => void): () => void;
}

/** What the appliance says of itself. */
export interface ApplianceStatus {
  /** How it speaks DHCP: `authoritative` or `proxy`. */
  readonly mode: string;
  /** What a person should look at, each a sentence. */
  readonly warnings: readonly string[];
  readonly version: string;
}

/** Everything a page is made from, at one instant. A page reads it and changes nothing. */
export interface Scene {
  readonly state: QueueState;
  readonly now: Instant;
  readonly status: ApplianceStatus;
  readonly trace: Pick<TraceReader, "recent" | "footprintsOf">;
  /** Where the style sheet and the script are. */
  readonly files: StaticFiles;
  /** true: whoever looks at it may act. */
  readonly signedIn: boolean;
  /** Why the host is where it is, in words. */
  explain(host: HostId): string;
  /** The answer file it would get, with its secrets masked; null: none. */
  previewAnswer(host: HostId): string | null;
  /** null: it is of no type that the configuration describes. */
  machineType(host: Host): MachineType | null;
  /** By what its power is switched; null: by hand only. */
  powerType(host: Host): string | null;
}
