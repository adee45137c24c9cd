import type { Hono } from "hono";
import type { MacAddress } from "../net/mac-address.ts";
import type { PoolState } from "../pool/lease.ts";
import type { PoolRules } from "../pool/pool-step.ts";
import type { Host, HostId } from "../queue/host.ts";
import type { QueueState } from "../queue/state.ts";
import type { Dispatch } from "../registration/outbox.ts";
import type { Clock, Instant } from "../std/clock.ts";
import type { Log } from "../std/log.ts";
import type { KeyPair } from "./certificate-check.ts";
import type { TlsView } from "./contract.ts";
import type { OperatorFeed } from "./operator-feed.ts";
import type { TraceEntry } from "./operator-view.ts";
import type { OrderDeps, OrderQueue } from "./orders.ts";
import type { PowerSwitches } from "./power-app.ts";
import type { Sessions } from "./sessions.ts";

/** What the operator's routes need of the rest of the daemon. */
export interface OperatorDeps extends OrderDeps {
  readonly queue: OrderQueue & { subscribe(listener: (state: QueueState) => void): () => void };
  readonly trace: TraceReader;
  /** One for all operator apps of the daemon; the daemon closes it before its servers. */
  readonly feed: OperatorFeed;
  /** One for all operator apps of the daemon. */
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly log: Log;
  about(): Appliance;
  /** Where the host stands and what it waits for, in words. */
  explain(host: Host): string;
  /** The answer file that the host would get now, every secret masked; null: none. */
  previewAnswer(host: HostId): string | null | Promise<string | null>;
  /** Why the daemon cannot serve machines; empty: it can. */
  notReady(): readonly string[];
  /** The pool; null: the configuration has none. */
  leases(): { readonly state: PoolState; readonly rules: PoolRules } | null;
  /** Who was told of which host; null: the configuration names nobody. */
  registrations(): RegistrationDesk | null;
  /** The power switches of machines. */
  readonly power: PowerSwitches;
  /** HTTPS for machines; absent: there is none. */
  readonly tls?: TlsDesk;
  /** true: only root gets here (the Unix socket), so everything is allowed. */
  readonly trusted: boolean;
  /** Names, without port, under which browsers may know us; addresses need not be listed. Not looked at when `trusted`. */
  readonly hostnames: readonly string[];
  /** The pages for people, behind the same gates; null: none. */
  readonly pages: Hono | null;
}

/** What is known of the systems that hear of hosts that are ready. */
export interface RegistrationDesk {
  readonly dispatches: readonly Dispatch[];
  /** Begins anew with all that were given up. The answer is how many. */
  retry(): number;
}

/** HTTPS as the operator sees and changes it. */
export interface TlsDesk {
  view(): TlsView;
  /** Says what came of it. Rejects, in words, when `own` cannot be used. null: a new pair is made. */
  rotate(own: KeyPair | null): Promise<string>;
}

/** The memory of what hosts did, oldest first. */
export interface TraceReader {
  footprintsOf(mac: MacAddress): readonly TraceEntry[];
  /** Of all hosts, and of nobody. */
  recent(): readonly TraceEntry[];
  subscribe(listener: (footprint: TraceEntry) => void): () => void;
}

/** What the daemon says of itself. */
export interface Appliance {
  readonly version: string;
  readonly mode: string;
  readonly startedAt: Instant;
  readonly listen: readonly { readonly what: string; readonly address: string }[];
  /** In words, each with what to do about it. */
  readonly warnings: readonly string[];
}

/** What every operator route knows of the request. */
export interface OperatorEnv {
  readonly Variables: { readonly credential: Credential };
}

/** By what right the request came: `none` may read only. */
export type Credential = "socket" | "bearer" | "session" | "none";
