import type { Host } from "../queue/host.ts";

/** The server type that a host is of, as the configuration describes it. */
export interface MachineType {
  readonly name: string;
  /** null: it has no other name. */
  readonly displayName: string | null;
  /** Empty: it has none. */
  readonly gpu: string;
}

/** What a machine's BMC says of its power. */
export interface PowerReading {
  readonly state: "on" | "off" | "changing" | "unknown";
  /** null: it does not say. */
  readonly health: string | null;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
}

export type PowerAction = "on" | "off" | "off-now" | "cycle";

/** What came of it. */
export type PowerOutcome =
  | { readonly ok: true; readonly message: string }
  /** `needsForce`: it is refused only because it is being installed. */
  | { readonly ok: false; readonly message: string; readonly needsForce: boolean };

/** The power switches of machines, as far as the configuration says how they are reached. */
export interface PowerForPages {
  /** By what it is switched; null: by hand only. */
  typeOf(host: Host): string | null;
  /** Asks its BMC now, which may take minutes. The error is a sentence. */
  read(
    host: Host,
  ): Promise<{ readonly ok: true; readonly value: PowerReading } | { readonly ok: false; readonly message: string }>;
  order(host: Host, action: PowerAction, force: boolean): Promise<PowerOutcome>;
}
