import { readFile } from "node:fs/promises";
import { err, ok, type Result } from "../std/result.ts";
import { type BmcHttp, bmcHttp, type ServerProof } from "./bmc-http.ts";
import type { BmcTurns } from "./bmc-turns.ts";
import { chosenSystem } from "./chosen-system.ts";
import { readPasswordFile } from "./password-file.ts";
import {
  type MachineIdentity,
  type PowerAbility,
  type PowerControl,
  type PowerFailure,
  type PowerResult,
  type PowerVisit,
  powerFailure,
} from "./power-control.ts";
import type { RedfishSettings } from "./power-settings.ts";
import type { PowerTime } from "./power-time.ts";
import { type BootMemory, bootOnceFromNetwork } from "./redfish-boot.ts";
import { RedfishClient } from "./redfish-client.ts";
import { redfishReading } from "./redfish-reading.ts";
import { type ResetParts, restart, turnOff, turnOn } from "./redfish-reset.ts";
import { type FoundSystem, findSystems } from "./redfish-systems.ts";
import { vendorHabits } from "./redfish-vendors.ts";
import type { RejectedLogins } from "./rejected-logins.ts";

/** What is kept from one visit to the next, for all BMCs. */
export interface RedfishMemory {
  readonly turns: BmcTurns;
  readonly rejected: RejectedLogins;
  /** By BMC and system. */
  readonly boots: Map<string, BootMemory>;
}

export interface RedfishParts extends RedfishMemory {
  readonly time: PowerTime;
  /** Aborts when the daemon stops. */
  readonly stopping: AbortSignal;
  /** Absent: real HTTPS. */
  readonly openHttp?: (origin: URL, proof: ServerProof) => BmcHttp;
}

export function redfishControl(settings: RedfishSettings, parts: RedfishParts): PowerControl {
  const abilities = new Set<PowerAbility>(["read", "off"]);
  if (settings.boot !== "unchanged") abilities.add("boot-once");
  const origin = new URL(settings.url);
  return {
    type: "redfish",
    abilities,
    visit: (machine, work) => parts.turns.take(origin.host, () => visit(settings, parts, machine, work)),
  };
}

async function visit<T>(
  settings: RedfishSettings,
  parts: RedfishParts,
  machine: MachineIdentity,
  work: (power: PowerVisit) => PowerResult<T>,
): PowerResult<T> {
  const origin = new URL(settings.url);
  const bmc = origin.host;
  const signal = AbortSignal.any([parts.stopping, AbortSignal.timeout(VISIT_MS)]);
  const opened = await openClient(settings, parts, signal);
  if (!opened.ok) return opened;
  const client = opened.value;
  let outcome: Result<T, PowerFailure>;
  try {
    outcome = await inside(settings, parts, client, machine, signal, work);
  } finally {
    await client.close();
  }
  if (outcome.ok || !signal.aborted) return outcome;
  if (parts.stopping.aborted)
    return err(powerFailure("stopping", `the visit to ${bmc} was given up: the daemon stops`));
  return err(powerFailure("unreachable", `${bmc} took more than ${VISIT_MS / 60_000} min, so the visit was given up`));
}

async function openClient(
  settings: RedfishSettings,
  { rejected, time, openHttp = bmcHttp }: RedfishParts,
  signal: AbortSignal,
): PowerResult<RedfishClient> {
  const { user, passwordFile, trust, limits } = settings;
  const origin = new URL(settings.url);
  const password = await readPasswordFile(passwordFile);
  if (!password.ok) return err(powerFailure("no-password", `${passwordFile} ${password.error}`));
  const proof = await proofOf(trust);
  if (!proof.ok) return proof;
  const http = openHttp(origin, proof.value);
  const { requestMs } = limits;
  return ok(
    new RedfishClient({ http, bmc: origin.host, user, password: password.value, rejected, time, requestMs, signal }),
  );
}

async function proofOf(trust: RedfishSettings["trust"]): PowerResult<ServerProof> {
  if (trust.type === "fingerprint") return ok(trust);
  try {
    return ok({ type: "ca", pem: await readFile(trust.file, "utf8") });
  } catch (cause) {
    return err(powerFailure("wrong-certificate", `${trust.file} cannot be read: ${(cause as Error).message}`));
  }
}

async function inside<T>(
  settings: RedfishSettings,
  parts: RedfishParts,
  client: RedfishClient,
  machine: MachineIdentity,
  signal: AbortSignal,
  work: (power: PowerVisit) => PowerResult<T>,
): PowerResult<T> {
  const root = await client.root();
  if (!root.ok) return root;
  const systems = await findSystems(client, machine);
  if (!systems.ok) return systems;
  const chosen = chosenSystem(systems.value, settings.system, machine, settings.checkIdentity);
  if (!chosen.ok) {
    const message = `${new URL(settings.url).host}: ${chosen.error}`;
    return err(powerFailure("wrong-machine", message, "nothing was switched"));
  }
  const { system, because } = chosen.value;
  return await work(visitTo(settings, parts, client, signal, root.value, system, because));
}

function visitTo(
  settings: RedfishSettings,
  { time, boots }: RedfishParts,
  client: RedfishClient,
  signal: AbortSignal,
  root: unknown,
  { path, resource }: FoundSystem,
  because: string,
): PowerVisit {
  const reset: ResetParts = { client, time, limits: settings.limits, signal };
  const key = `${settings.url} ${path}`;
  return {
    async read() {
      const now = await client.get(path);
      return now.ok ? ok(redfishReading(now.value.json, root, because)) : now;
    },
    async bootFromNetworkOnce() {
      const now = await client.get(path);
      if (!now.ok) return now;
      const memory = boots.get(key) ?? {};
      boots.set(key, memory);
      const habits = vendorHabits(root, now.value.json);
      return await bootOnceFromNetwork({ client, habits, memory, time, signal }, now.value, settings.boot);
    },
    turnOn: () => turnOn(reset, resource),
    turnOff: (how) => turnOff(reset, resource, how),
    restart: () => restart(reset, resource),
  };
}

/** No visit is longer, whatever a BMC makes of it. */
const VISIT_MS = 15 * 60_000;
