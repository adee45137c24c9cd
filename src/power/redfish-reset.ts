import { err, ok } from "../std/result.ts";
import { type PowerResult, powerFailure, type SwitchOutcome } from "./power-control.ts";
import type { PowerLimits } from "./power-settings.ts";
import type { PowerTime } from "./power-time.ts";
import type { RedfishClient, Resource } from "./redfish-client.ts";
import { errorWords, isBusy, redfishErrorOf } from "./redfish-error.ts";
import { linkAt, listAt, pathOfLink, textAt, wordsAt } from "./redfish-json.ts";

export interface ResetParts {
  readonly client: RedfishClient;
  readonly time: PowerTime;
  readonly limits: PowerLimits;
  readonly signal: AbortSignal;
}

export async function turnOn(parts: ResetParts, system: Resource): PowerResult<SwitchOutcome> {
  const state = await settledState(parts, system.path);
  if (!state.ok) return state;
  if (state.value === "On") return ok({ isSure: true, words: "it is on already" });
  return await switched(parts, system, ["On", "ForceOn", "PushPowerButton"], "On", "switched on");
}

export async function turnOff(parts: ResetParts, system: Resource, how: "softly" | "hard"): PowerResult<SwitchOutcome> {
  const state = await settledState(parts, system.path);
  if (!state.ok) return state;
  if (state.value === "Off") return ok({ isSure: true, words: "it is off already" });
  const allowed = await resetTypesOf(parts.client, system);
  if (!allowed.ok) return allowed;
  if (how === "softly" && (allowed.value === null || allowed.value.includes("GracefulShutdown"))) {
    const asked = await posted(parts, system, "GracefulShutdown", "Off");
    if (!asked.ok && asked.error.type === "stopping") return asked;
    if (asked.ok && (await reached(parts, system.path, "Off", parts.limits.shutdownMs)) === "Off") {
      return ok({ isSure: true, words: "shut down (GracefulShutdown)" });
    }
  }
  return await switched(parts, system, ["ForceOff"], "Off", "switched off");
}

export async function restart(parts: ResetParts, system: Resource): PowerResult<SwitchOutcome> {
  const state = await settledState(parts, system.path);
  if (!state.ok) return state;
  if (state.value === "Off") return await turnOn(parts, system);
  const allowed = await resetTypesOf(parts.client, system);
  if (!allowed.ok) return allowed;
  const type = ["ForceRestart", "PowerCycle"].find((each) => allowed.value === null || allowed.value.includes(each));
  if (type !== undefined) {
    const asked = await posted(parts, system, type, null);
    if (!asked.ok) {
      if (asked.error.type !== "unsupported") return asked;
    } else {
      // Many still say On for a while, from before.
      await parts.time.sleep(RESTART_MS, parts.signal);
      const now = await reached(parts, system.path, "On", parts.limits.switchMs);
      if (now === "On") return ok({ isSure: true, words: `restarted (${type})` });
      // It went off and stayed there.
      if (now === "Off") return await turnOn(parts, system);
      return err(notReached("On", now, parts.limits.switchMs));
    }
  }
  const off = await turnOff(parts, system, "hard");
  if (!off.ok) return off;
  const on = await turnOn(parts, system);
  return on.ok ? ok({ isSure: true, words: "switched off and on" }) : on;
}

/** Tries the types in this order, as far as the BMC allows them, until one is not refused for being unknown. */
async function switched(
  parts: ResetParts,
  system: Resource,
  types: readonly string[],
  wanted: "On" | "Off",
  words: string,
): PowerResult<SwitchOutcome> {
  const allowed = await resetTypesOf(parts.client, system);
  if (!allowed.ok) return allowed;
  const usable = types.filter((type) => allowed.value === null || allowed.value.includes(type));
  let last = powerFailure(
    "unsupported",
    `the BMC offers none of ${types.join(", ")}, only ${allowed.value?.join(", ")}`,
  );
  for (const type of usable) {
    const asked = await posted(parts, system, type, wanted);
    if (!asked.ok) {
      last = asked.error;
      if (last.type === "unsupported") continue;
      return asked;
    }
    const now = await reached(parts, system.path, wanted, parts.limits.switchMs);
    if (now === wanted) return ok({ isSure: true, words: `${words} (${type})` });
    return err(notReached(wanted, now, parts.limits.switchMs));
  }
  return err(last);
}

/**
 * Sends the action once. Never blindly again: where no answer came it may have been done, and what is then is read by
 * the caller. `wanted` null: any state will do.
 */
async function posted(
  parts: ResetParts,
  system: Resource,
  type: string,
  wanted: "On" | "Off" | null,
): PowerResult<null> {
  const { client, time, signal } = parts;
  const action = pathOfLink(textAt(system.json, "Actions", "#ComputerSystem.Reset", "target"));
  if (action === null) return err(powerFailure("unsupported", "the BMC offers no way to switch this system"));
  for (let tries = 0; ; tries++) {
    const answer = await client.send("POST", action, { ResetType: type });
    if (!answer.ok) {
      if (answer.error.type !== "unreachable") return answer;
      // A restart leaves no trace to read, so it stays unknown whether it was done.
      if (wanted === null) return err(unknownOutcome(type, answer.error.message));
      return ok(null);
    }
    const { status } = answer.value;
    if (status >= 200 && status < 300) return ok(null);
    const error = redfishErrorOf(answer.value);
    if (status === 400 || status === 409) {
      const now = await powerState(client, system.path);
      if (!now.ok) return now;
      if (wanted !== null && now.value === wanted) return ok(null);
    }
    if (isBusy(error) && tries < BUSY_TRIES && !signal.aborted) {
      await time.sleep(BUSY_MS, signal);
      continue;
    }
    if (status === 501 || error.ids.some((id) => UNKNOWN_TYPE.has(id))) {
      return err(powerFailure("unsupported", `the BMC does not know ${type}: ${errorWords(error)}`));
    }
    return err(client.refusal(`to ${type}`, answer.value));
  }
}

/** null: the BMC does not say which it knows. */
async function resetTypesOf(client: RedfishClient, system: Resource): PowerResult<readonly string[] | null> {
  const action = ["Actions", "#ComputerSystem.Reset"] as const;
  const given = wordsAt(system.json, ...action, "ResetType@Redfish.AllowableValues");
  if (given !== null && given.length > 0) return ok(given);
  const path =
    pathOfLink(textAt(system.json, ...action, "@Redfish.ActionInfo")) ??
    linkAt(system.json, ...action, "@Redfish.ActionInfo");
  if (path === null) return ok(null);
  const described = await client.get(path);
  if (!described.ok) return described.error.type === "refused" ? ok(null) : described;
  const parameter = listAt(described.value.json, "Parameters").find((each) => textAt(each, "Name") === "ResetType");
  return ok(wordsAt(parameter, "AllowableValues"));
}

/** The state it ends in, or has when the time is over; empty: the BMC says nothing. */
async function reached(parts: ResetParts, path: string, wanted: string, limitMs: number): Promise<string> {
  const { client, time, signal } = parts;
  const until = time.now() + limitMs;
  for (let state = ""; ; ) {
    const now = await powerState(client, path);
    // A BMC that is out of breath is asked again until the time is over.
    if (now.ok) state = now.value;
    if (state === wanted || signal.aborted || time.now() >= until) return state;
    await time.sleep(POLL_MS, signal);
  }
}

/** Waits for one that is on its way to On or Off. */
async function settledState(parts: ResetParts, path: string): PowerResult<string> {
  const { client, time, limits, signal } = parts;
  const until = time.now() + limits.switchMs;
  for (;;) {
    const now = await powerState(client, path);
    if (!now.ok || !now.value.startsWith("Powering") || time.now() >= until || signal.aborted) return now;
    await time.sleep(POLL_MS, signal);
  }
}

async function powerState(client: RedfishClient, path: string): PowerResult<string> {
  const system = await client.get(path);
  return system.ok ? ok(textAt(system.value.json, "PowerState") ?? "") : system;
}

function notReached(wanted: "On" | "Off", found: string, limitMs: number) {
  const message = `the BMC accepted the change, but after ${Math.round(limitMs / 1000)} s the machine is ${found || "in no state it names"}, not ${wanted}`;
  return powerFailure("not-done", message, "look at the machine, or at the BMC's own page");
}

function unknownOutcome(type: string, why: string) {
  const message = `whether ${type} was done is not known: ${why}`;
  return powerFailure("unreachable", message, "it was not sent a second time");
}

const UNKNOWN_TYPE: ReadonlySet<string> = new Set([
  "ActionParameterNotSupported",
  "ActionParameterValueNotInList",
  "PropertyValueNotInList",
  "ActionNotSupported",
]);
const POLL_MS = 5000;
const RESTART_MS = 15_000;
const BUSY_TRIES = 6;
const BUSY_MS = 10_000;
