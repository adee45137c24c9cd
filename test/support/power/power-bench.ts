import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { MacAddress } from "../../../src/net/mac-address.ts";
import type { SystemUuid } from "../../../src/net/system-uuid.ts";
import { BmcTurns } from "../../../src/power/bmc-turns.ts";
import type { MachineIdentity } from "../../../src/power/power-control.ts";
import type { PowerLimits, RedfishSettings } from "../../../src/power/power-settings.ts";
import type { PowerTime } from "../../../src/power/power-time.ts";
import { type RedfishMemory, redfishControl } from "../../../src/power/redfish-control.ts";
import { RejectedLogins } from "../../../src/power/rejected-logins.ts";
import { type BmcMachine, FakeMachine } from "./bmc-machine.ts";
import { type BmcTraits, PLAIN } from "./bmc-traits.ts";
import { RedfishBmc } from "./redfish-bmc.ts";

/** Time that passes in sleep alone. `slept`: how long altogether, in milliseconds. */
export class FakePowerTime implements PowerTime {
  slept = 0;
  now = () => this.slept;
  sleep = async (ms: number) => {
    this.slept += ms;
  };
}

export const LIMITS: PowerLimits = { requestMs: 2000, switchMs: 60_000, shutdownMs: 60_000 };

/** What is known of a machine that the configuration names by its hardware address. */
export function identityOf(machine: BmcMachine, changes: Partial<MachineIdentity> = {}): MachineIdentity {
  return {
    uuid: machine.uuid as SystemUuid,
    serial: machine.serial,
    macs: machine.macs as readonly MacAddress[],
    bootMac: machine.macs[0] as MacAddress,
    isNamed: true,
    ...changes,
  };
}

/** A file with a password in it, as an operator keeps it; gone after the test. */
export async function passwordFile(t: TestContext, password: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-power-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "password");
  await writeFile(path, `${password}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
  return path;
}

/** A BMC of this make with one machine, or with these, and our way to it. */
export async function redfishBench(
  t: TestContext,
  {
    traits = PLAIN,
    machines = [new FakeMachine(1, traits.systemId)],
  }: { traits?: BmcTraits; machines?: readonly FakeMachine[] } = {},
) {
  const bmc = new RedfishBmc(machines, traits);
  const url = await bmc.open();
  t.after(() => bmc.close());
  const time = new FakePowerTime();
  const memory: RedfishMemory = { turns: new BmcTurns(), rejected: new RejectedLogins(), boots: new Map() };
  const stop = new AbortController();
  const file = await passwordFile(t, bmc.password);
  const [machine] = machines;
  if (machine === undefined) throw new Error("a BMC without machines");
  const settings: RedfishSettings = {
    type: "redfish",
    url,
    user: bmc.user,
    passwordFile: file,
    trust: { type: "fingerprint", sha256: bmc.fingerprint },
    system: null,
    checkIdentity: true,
    boot: "auto",
    limits: LIMITS,
  };
  const control = (changes: Partial<RedfishSettings> = {}) =>
    redfishControl({ ...settings, ...changes }, { ...memory, time, stopping: stop.signal });
  return { bmc, url, time, memory, stop, settings, control, machine, machines, passwordFile: file };
}
