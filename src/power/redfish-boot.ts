import { err, ok } from "../std/result.ts";
import type { BmcAnswer } from "./bmc-http.ts";
import { type PowerResult, powerFailure } from "./power-control.ts";
import type { NetworkBoot } from "./power-settings.ts";
import type { PowerTime } from "./power-time.ts";
import type { RedfishClient, Resource } from "./redfish-client.ts";
import { errorWords, isBusy, type RedfishError, redfishErrorOf } from "./redfish-error.ts";
import { linkAt, pathOfLink, textAt, valueAt, wordsAt } from "./redfish-json.ts";
import type { BootRequest, VendorHabits } from "./redfish-vendors.ts";

/** What worked at a BMC, so that the next time begins with it. */
export interface BootMemory {
  request?: BootRequest;
  /** Where the change went. */
  path?: string;
}

export interface BootParts {
  readonly client: RedfishClient;
  readonly habits: VendorHabits;
  readonly memory: BootMemory;
  readonly time: PowerTime;
  readonly signal: AbortSignal;
}

interface BootWish {
  readonly target: "Pxe" | "UefiHttp";
  readonly mode: "UEFI" | "Legacy";
}

/**
 * Makes the next boot, and only that one, one from the network, and reads back that the BMC has taken it. Makes demand
 * opposite things of the same request (see `VENDORS`): the likely one is sent first, and each refusal leads to another.
 */
export async function bootOnceFromNetwork(parts: BootParts, system: Resource, boot: NetworkBoot): PowerResult<string> {
  const { client, memory } = parts;
  const settings = await settingsOf(client, system);
  if (!settings.ok) return settings;
  const wish = wishOf(boot, settings.value ?? system, system);
  if (typeof wish === "string") return err(powerFailure("unsupported", wish, "choose another `boot` for its power"));
  const target = memory.path === undefined ? (settings.value ?? system) : await client.get(memory.path);
  const start = "ok" in target ? (target.ok ? target.value : system) : target;
  const changed = await patched(parts, start, system, wish);
  if (!changed.ok) return changed;
  return await readBack(parts, system.path, changed.value, wish);
}

/** What a BMC offers: its settings object, when that holds what is to be changed. null: the system itself. */
async function settingsOf(client: RedfishClient, system: Resource): PowerResult<Resource | null> {
  const path = linkAt(system.json, "@Redfish.Settings", "SettingsObject");
  if (path === null) return ok(null);
  const settings = await client.get(path);
  if (!settings.ok) return settings.error.type === "refused" ? ok(null) : settings;
  return ok(valueAt(settings.value.json, "Boot") === undefined ? null : settings.value);
}

/** A text: why it cannot be. */
function wishOf(boot: NetworkBoot, settings: Resource, system: Resource): BootWish | string {
  const key = "BootSourceOverrideTarget@Redfish.AllowableValues";
  const allowed = wordsAt(settings.json, "Boot", key) ?? wordsAt(system.json, "Boot", key);
  const target = boot === "uefi-http" ? "UefiHttp" : "Pxe";
  if (boot === "uefi-http" ? !allowed?.includes(target) : allowed !== null && !allowed.includes(target)) {
    return `the BMC does not offer ${target} for the next boot, only ${allowed?.join(", ") || "what it does not say"}`;
  }
  const now = textAt(system.json, "Boot", "BootSourceOverrideMode");
  const mode = {
    auto: now === "Legacy" ? "Legacy" : "UEFI",
    uefi: "UEFI",
    legacy: "Legacy",
    "uefi-http": "UEFI",
    unchanged: "UEFI",
  };
  return { target, mode: mode[boot] as BootWish["mode"] };
}

/** The resource that took the change. */
async function patched(parts: BootParts, first: Resource, system: Resource, wish: BootWish): PowerResult<Resource> {
  const { client, habits, memory, time, signal } = parts;
  let target = first;
  let etag = target.etag;
  let request = memory.request ?? habits.bootRequest;
  const requests = new Set<BootRequest>([request]);
  const places = new Set([target.path]);
  const elsewhere = [system.path, ...["SD", "Settings"].map((name) => `${system.path.replace(/\/$/, "")}/${name}`)];
  let [rereads, waits] = [0, 0];
  let last = "";
  for (let tries = 0; tries < TRIES_MAX && !signal.aborted; tries++) {
    const body = { Boot: bodyOf(request, wish, target, system) };
    const answer = await client.send("PATCH", target.path, body, etag);
    if (!answer.ok) return answer;
    const { status } = answer.value;
    if (status >= 200 && status < 300) {
      const task = await taskDone(parts, answer.value);
      if (!task.ok) return task;
      memory.request = request;
      memory.path = target.path;
      return ok(target);
    }
    const error = redfishErrorOf(answer.value);
    last = errorWords(error);
    const move = nextMove(error, request);
    if (move === "etag") {
      if (etag?.startsWith("W/")) {
        etag = etag.slice(2);
      } else if (rereads++ < 2) {
        // It changes by itself on some, and others want one although they gave none.
        const again = await client.get(target.path);
        if (!again.ok) return again;
        target = again.value;
        etag = target.etag ?? "*";
      } else if (etag !== null) {
        etag = null;
      } else break;
      continue;
    }
    if (move === "wait") {
      const ms = WAITS_MS[waits++];
      if (ms === undefined) break;
      await time.sleep(ms, signal);
      continue;
    }
    const other = move === "elsewhere" ? undefined : otherRequest(request, move, requests);
    if (other !== undefined) {
      request = other;
      requests.add(other);
      continue;
    }
    const place = elsewhere.find((path) => !places.has(path));
    if (place === undefined) break;
    places.add(place);
    const found = place === system.path ? ok(system) : await client.get(place);
    if (!found.ok) {
      if (found.error.type !== "refused") return found;
      continue;
    }
    target = found.value;
    etag = target.etag;
    requests.clear();
    request = memory.request ?? habits.bootRequest;
    requests.add(request);
  }
  return err(powerFailure("refused", `the BMC refused to boot from the network once: ${last}`));
}

type Move = "etag" | "wait" | "with-mode" | "without-mode" | "other" | "elsewhere";

function nextMove({ status, ids, text, words }: RedfishError, request: BootRequest): Move {
  if (status === 412 || status === 428) return "etag";
  if (ids.includes("OperationSupportedInFutureStateURI") || /FutureState/i.test(text)) return "elsewhere";
  if (status === 404 || status === 405) return "elsewhere";
  if (isBusy({ status, ids, text, words }) || status === 503) return "wait";
  if (ids.some((id) => /Missing/.test(id))) return "with-mode";
  if (/BootSourceOverrideMode/.test(text)) return request === "minimal" ? "elsewhere" : "without-mode";
  return "other";
}

/** undefined: it was tried already. */
function otherRequest(request: BootRequest, move: Move, tried: ReadonlySet<BootRequest>): BootRequest | undefined {
  const wanted: BootRequest =
    move === "with-mode" ? "full" : move === "without-mode" || request === "full" ? "minimal" : "full";
  return tried.has(wanted) ? undefined : wanted;
}

function bodyOf(request: BootRequest, { target, mode }: BootWish, resource: Resource, system: Resource) {
  const now =
    textAt(resource.json, "Boot", "BootSourceOverrideMode") ?? textAt(system.json, "Boot", "BootSourceOverrideMode");
  const withMode = request === "full" || (request === "mode-if-other" && now !== mode);
  // An address of an earlier boot over HTTP would win over PXE.
  const stale = target === "Pxe" && textAt(resource.json, "Boot", "HttpBootUri") !== null;
  return {
    BootSourceOverrideEnabled: "Once",
    BootSourceOverrideTarget: target,
    ...(withMode ? { BootSourceOverrideMode: mode } : {}),
    ...(stale ? { HttpBootUri: null } : {}),
  };
}

/** 202: it will be done by a task. */
async function taskDone({ client, time, signal }: BootParts, { status, headers, json }: BmcAnswer): PowerResult<null> {
  const task = pathOfLink(headers.location ?? null) ?? linkAt(json);
  if (status !== 202 || task === null) return ok(null);
  for (let tries = 0; tries < TASK_TRIES; tries++) {
    const found = await client.get(task);
    // Some forget a task in the moment in which it is done.
    if (!found.ok) return found.error.type === "refused" ? ok(null) : found;
    const state = textAt(found.value.json, "TaskState");
    if (state === null || state === "Completed") return ok(null);
    if (/Exception|Killed|Cancelled|Interrupted/.test(state)) {
      return err(powerFailure("refused", `the BMC's task for the next boot ended as ${state}`));
    }
    await time.sleep(TASK_MS, signal);
  }
  return err(powerFailure("not-done", "the BMC's task for the next boot does not end"));
}

/** On BMCs with a settings object the system itself shows the change only after the next reset. */
async function readBack(
  { client, time, signal }: BootParts,
  system: string,
  changed: Resource,
  { target }: BootWish,
): PowerResult<string> {
  let found = "nothing";
  for (let tries = 0; tries < READ_TRIES; tries++) {
    for (const path of new Set([changed.path, system])) {
      const now = await client.get(path);
      if (!now.ok) return now;
      const enabled = textAt(now.value.json, "Boot", "BootSourceOverrideEnabled");
      const what = textAt(now.value.json, "Boot", "BootSourceOverrideTarget");
      if ((enabled === "Once" || enabled === "Continuous") && what === target) {
        const mode = textAt(now.value.json, "Boot", "BootSourceOverrideMode");
        return ok(`the next boot is ${target}${mode === null ? "" : ` (${mode})`}`);
      }
      if (path === changed.path) found = `${enabled ?? "nothing"}, ${what ?? "nothing"}`;
    }
    await time.sleep(READ_MS, signal);
  }
  const message = `the BMC accepted a boot from the network and did not take it: it shows ${found}`;
  return err(
    powerFailure(
      "not-done",
      message,
      'look for a firmware update, or put the network first and say `boot = "unchanged"`',
    ),
  );
}

const TRIES_MAX = 24;
const WAITS_MS = [5000, 10_000, 20_000, 30_000, 30_000, 30_000];
const TASK_TRIES = 30;
const TASK_MS = 5000;
const READ_TRIES = 3;
const READ_MS = 2000;
