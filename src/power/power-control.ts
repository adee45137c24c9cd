import type { MacAddress } from "../net/mac-address.ts";
import type { SystemUuid } from "../net/system-uuid.ts";
import type { Result } from "../std/result.ts";

export type PowerType = "redfish" | "ipmi" | "wake-on-lan";

/**
 * A way to the power switch of machines. Every implementation passes the contract in `test/power/contract.test.ts`.
 * Nothing here throws or rejects because of what the other side does.
 */
export interface PowerControl {
  readonly type: PowerType;
  /** What it can do besides switching on. */
  readonly abilities: ReadonlySet<PowerAbility>;
  /**
   * One visit to the power switch of this machine, alone at its BMC; a session that was opened is closed again whatever
   * happens. A machine that cannot be told for certain is refused before `work` begins.
   */
  visit<T>(machine: MachineIdentity, work: (power: PowerVisit) => PowerResult<T>): PowerResult<T>;
}

/** `read`: tell whether it is on. `off`: switch it off and restart it. `boot-once`: choose what it boots next. */
export type PowerAbility = "read" | "off" | "boot-once";

export type PowerResult<T> = Promise<Result<T, PowerFailure>>;

/** What is known of the machine that is meant, to be compared with what stands at the other end. */
export interface MachineIdentity {
  readonly uuid: SystemUuid | null;
  /** Of the SMBIOS system table. */
  readonly serial: string | null;
  readonly macs: readonly MacAddress[];
  /** The network card that it boots from. */
  readonly bootMac: MacAddress;
  /**
   * true: the configuration names this very machine, by a hardware address. false: it names the slot, which any machine
   * may have taken, so only proof will do.
   */
  readonly isNamed: boolean;
}

export interface PowerVisit {
  read(): PowerResult<PowerReading>;
  /** The next boot, and only that one, is from the network. What was set, in words. */
  bootFromNetworkOnce(): PowerResult<string>;
  turnOn(): PowerResult<SwitchOutcome>;
  /** `softly`: the system is asked to shut down, and switched off when it does not. */
  turnOff(how: "softly" | "hard"): PowerResult<SwitchOutcome>;
  /** A machine that is off is switched on. */
  restart(): PowerResult<SwitchOutcome>;
}

export interface PowerReading {
  /** `changing`: on its way to either. */
  readonly state: "on" | "off" | "changing" | "unknown";
  /** null: the BMC does not say. */
  readonly health: "ok" | "warning" | "critical" | null;
  /** What else is known, in words: `["model", "PowerEdge R640"]`. */
  readonly facts: readonly (readonly [name: string, value: string])[];
}

export interface SwitchOutcome {
  /** false: nobody can tell whether it had an effect. */
  readonly isSure: boolean;
  /** What was done: `restarted (ForceRestart)`. */
  readonly words: string;
}

/** Why nothing, or not everything, was done. Never holds a password or a token. */
export interface PowerFailure {
  readonly type: PowerFailureType;
  readonly message: string;
  /** What to do about it; may be empty. */
  readonly hint: string;
}

export type PowerFailureType =
  /** No connection, none within the time, or it broke off. */
  | "unreachable"
  | "wrong-certificate"
  /** The password file cannot be used. */
  | "no-password"
  | "login-refused"
  /** These credentials were refused before, so they were not tried again. */
  | "login-refused-before"
  | "no-free-session"
  /** It is not certain which machine would be switched. */
  | "wrong-machine"
  | "unsupported"
  /** The BMC said no. */
  | "refused"
  /** The BMC said yes, and it did not come to be. */
  | "not-done"
  | "program-missing"
  /** The daemon stops; nothing more was begun. */
  | "stopping";

export function powerFailure(type: PowerFailureType, message: string, hint = ""): PowerFailure {
  return { type, message, hint };
}

/** As a sentence: for a timeline, a step, a page. */
export function failureWords({ message, hint }: PowerFailure): string {
  return hint === "" ? message : `${message}; ${hint}`;
}
