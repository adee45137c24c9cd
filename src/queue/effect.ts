import type { AttemptToken, HostId } from "./host.ts";

/** Something to do to the world. Its outcome comes back as an event that names the same host. */
export type Effect = { readonly type: "start-join"; readonly host: HostId; readonly cluster: string } | SwitchPower;

/** Makes the host boot from the network, now: for the install of this token, and for no other. */
export interface SwitchPower {
  readonly type: "switch-power";
  readonly host: HostId;
  readonly token: AttemptToken;
  /** true: an earlier run may have restarted it already, so one that is on is left alone. */
  readonly wasInterrupted: boolean;
  readonly isForStuck: boolean;
}
