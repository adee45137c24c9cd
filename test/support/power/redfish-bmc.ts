import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCertificate } from "../../../src/http/certificate.ts";
import type { Ipv4Address } from "../../../src/net/ipv4-address.ts";
import type { Instant } from "../../../src/std/clock.ts";
import type { BmcMachine } from "./bmc-machine.ts";
import { type BmcTraits, PLAIN } from "./bmc-traits.ts";

/** What a BMC does wrong, to be switched on and off. */
export interface BmcFaults {
  /** Says yes to every reset and does nothing. */
  ignoresResets: boolean;
  /** Says yes to a boot override and does not take it. */
  ignoresOverride: boolean;
  /** Does it, and drops the connection before it answers. */
  cutsOffAnswers: boolean;
  /** Drops the connection before it does anything. */
  cutsOffRequests: boolean;
  /** Never answers a reset. */
  hangs: boolean;
  /** So many times a change is refused, because the machine is in POST. */
  busy: number;
  /** So many times a GET fails with 503. */
  unwell: number;
  /** So many reads until a change of power shows. */
  slow: number;
  /** Forgets every session at once. */
  forgetsSessions: boolean;
  /** Errors are pages, not JSON. */
  htmlErrors: boolean;
}

export const SOUND: BmcFaults = {
  ignoresResets: false,
  ignoresOverride: false,
  cutsOffAnswers: false,
  cutsOffRequests: false,
  hangs: false,
  busy: 0,
  unwell: 0,
  slow: 0,
  forgetsSessions: false,
  htmlErrors: false,
};

/** Answers a request. */
type Say = (status: number, json?: unknown, headers?: Record<string, string>) => unknown;

interface SystemState {
  readonly machine: BmcMachine;
  override: { enabled: string; target: string; mode: string };
  /** What a settings object holds until the next reset. */
  pending: { enabled: string; target: string; mode: string } | null;
  etag: number;
  /** What it shows until so many reads have passed. */
  stale: { readonly isOn: boolean; reads: number } | null;
}

/** A BMC that speaks Redfish over HTTPS, as a make does it, and switches machines. */
export class RedfishBmc {
  readonly user = "operator";
  password = "correct horse";
  readonly faults: BmcFaults = { ...SOUND };
  /** `POST /redfish/v1/…`, oldest first. */
  readonly requests: string[] = [];
  /** Logins that failed. */
  refusedLogins = 0;
  readonly sessions = new Set<string>();
  fingerprint = "";
  certPem = "";
  readonly #traits: BmcTraits;
  readonly #systems: Map<string, SystemState>;
  #server: Server | null = null;
  #folder = "";
  #made = 0;

  constructor(machines: readonly BmcMachine[], traits: BmcTraits = PLAIN) {
    this.#traits = traits;
    this.#systems = new Map(
      machines.map((machine) => {
        const override = { enabled: "Disabled", target: "None", mode: "UEFI" };
        return [machine.id, { machine, override, pending: null, etag: 1, stale: null }];
      }),
    );
  }

  /** On loopback, or on a Unix socket. The answer is its address. */
  async open(socket?: string): Promise<string> {
    this.#folder = await mkdtemp(join(tmpdir(), "bootqueue-bmc-"));
    const made = await loadCertificate(this.#folder, { address: "127.0.0.1" as Ipv4Address }, Date.now() as Instant);
    this.fingerprint = made.fingerprint;
    this.certPem = made.certPem;
    const server = createServer({ key: made.keyPem, cert: made.certPem }, (asked, answer) => {
      this.#serve(asked, answer).catch(() => asked.socket.destroy());
    });
    this.#server = server;
    await new Promise<void>((resolve) =>
      socket === undefined ? server.listen(0, "127.0.0.1", resolve) : server.listen(socket, resolve),
    );
    const address = server.address();
    return typeof address === "object" && address !== null ? `https://127.0.0.1:${address.port}` : "";
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** What the machine would boot next: `Pxe UEFI`, or nothing. */
  nextBoot(id: string): string | null {
    const { override, pending } = this.#state(id);
    const next = pending ?? override;
    return next.enabled === "Once" ? `${next.target} ${next.mode}` : null;
  }

  #state(id: string): SystemState {
    const state = this.#systems.get(id);
    if (state === undefined) throw new Error(`no system ${id}`);
    return state;
  }

  async #serve(asked: IncomingMessage, answer: ServerResponse): Promise<unknown> {
    const { method = "GET", url = "/" } = asked;
    this.requests.push(`${method} ${url}`);
    let text = "";
    for await (const part of asked.setEncoding("utf8")) text += part;
    const body = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
    const say: Say = (status, json = null, headers = {}) => {
      const page = status >= 400 && this.faults.htmlErrors;
      answer.writeHead(status, { "Content-Type": page ? "text/html" : "application/json", ...headers });
      answer.end(
        page ? `<html><body><h1>Error ${status}</h1></body></html>` : json === null ? "" : JSON.stringify(json),
      );
    };
    if (this.#traits.wantsCompression && asked.headers["accept-encoding"] === "identity") return say(406);
    if (method === "GET" && this.faults.unwell > 0) {
      this.faults.unwell--;
      return say(503);
    }
    if (url === "/redfish/v1/") return say(200, this.#root());
    if (url === SESSIONS && method === "POST") return this.#login(body, say);
    if (!this.#isAllowed(asked)) return say(401, problem("NoValidSession", "There is no valid session."));
    if (method === "DELETE" && url.startsWith(`${SESSIONS}/`)) {
      this.sessions.delete(url.slice(SESSIONS.length + 1));
      return say(204);
    }
    if (method === "GET") return this.#read(url, say);
    const [, id = "", rest = ""] = /^\/redfish\/v1\/Systems\/([^/]+)(.*)$/.exec(url) ?? [];
    const state = this.#systems.get(id);
    if (state === undefined) return say(404);
    if (method === "POST" && rest === "/Actions/ComputerSystem.Reset") {
      if (this.faults.hangs) return null;
      if (this.faults.cutsOffRequests) return asked.socket.destroy();
      const status = await this.#reset(state, String(body.ResetType));
      if (this.faults.cutsOffAnswers) return asked.socket.destroy();
      return status === null ? say(204) : say(status.status, problem(status.id, status.words));
    }
    if (method === "PATCH") return this.#patch(state, rest, asked, body, say);
    return say(405);
  }

  #root(): unknown {
    const sessions = this.#traits.sessions === "none" ? {} : { Links: { Sessions: { "@odata.id": SESSIONS } } };
    return {
      RedfishVersion: "1.11.0",
      Systems: { "@odata.id": "/redfish/v1/Systems" },
      ...this.#traits.root,
      ...sessions,
    };
  }

  #login(body: Record<string, unknown>, say: Say): unknown {
    if (this.#traits.sessions === "none") return say(404);
    if (body.UserName !== this.user || body.Password !== this.password) {
      this.refusedLogins++;
      return say(401, problem("ResourceAtUriUnauthorized", `Wrong password ${String(body.Password)}.`));
    }
    if (this.#traits.sessions === 1 && this.sessions.size >= 1) {
      return say(503, problem("RAC0218", "The maximum number of user sessions is reached."));
    }
    const token = `token${++this.#made}`;
    this.sessions.add(token);
    return say(201, {}, { "X-Auth-Token": token, Location: `https://bmc.invalid${SESSIONS}/${token}` });
  }

  #isAllowed({ headers }: IncomingMessage): boolean {
    if (this.faults.forgetsSessions) {
      this.faults.forgetsSessions = false;
      this.sessions.clear();
    }
    if (this.sessions.has(String(headers["x-auth-token"]))) return true;
    if (headers.authorization === undefined) return false;
    const right = Buffer.from(`${this.user}:${this.password}`).toString("base64");
    if (headers.authorization === `Basic ${right}`) return true;
    this.refusedLogins++;
    return false;
  }

  #read(url: string, say: Say): unknown {
    if (url === "/redfish/v1/Systems") {
      const ids = [...this.#systems.keys()];
      // In two pages, where there are several.
      const [first = "", ...others] = ids;
      const more = others.length > 0 ? { "Members@odata.nextLink": `${url}?$skip=1` } : {};
      return say(200, { Members: [{ "@odata.id": `/redfish/v1/Systems/${first}` }], ...more });
    }
    if (url === "/redfish/v1/Systems?$skip=1") {
      const [, ...others] = [...this.#systems.keys()];
      return say(200, { Members: others.map((id) => ({ "@odata.id": `/redfish/v1/Systems/${id}` })) });
    }
    const [, id = "", rest = ""] = /^\/redfish\/v1\/Systems\/([^/]+)(.*)$/.exec(url) ?? [];
    const state = this.#systems.get(id);
    if (state === undefined) return say(404, problem("ResourceMissingAtURI", "There is nothing here."));
    const etag = this.#etagOf(state);
    const headers: Record<string, string> = etag === null ? {} : { ETag: etag };
    switch (rest) {
      case "":
        return say(200, this.#system(state), headers);
      case "/Settings":
        return this.#traits.settings === "linked" ? say(200, { Boot: this.#boot(state, true) }, headers) : say(404);
      case "/SD":
        return this.#traits.settings === "unnamed" ? say(200, { Boot: this.#boot(state, true) }, headers) : say(404);
      case "/ResetActionInfo":
        return say(200, { Parameters: [{ Name: "ResetType", AllowableValues: this.#traits.resetTypes }] });
      case "/EthernetInterfaces":
        return say(200, { Members: state.machine.macs.map((_, n) => ({ "@odata.id": `${url}/${n}` })) });
      default: {
        const mac = state.machine.macs[Number(/^\/EthernetInterfaces\/(\d)$/.exec(rest)?.[1] ?? -1)];
        return mac === undefined
          ? say(404)
          : say(200, { MACAddress: mac.toUpperCase().replaceAll(":", "-"), PermanentMACAddress: null });
      }
    }
  }

  #system(state: SystemState): unknown {
    const { machine } = state;
    const path = `/redfish/v1/Systems/${machine.id}`;
    const { resetTypes, resetTypesIn, settings, manufacturer } = this.#traits;
    let isOn = machine.isOn();
    if (state.stale !== null) {
      isOn = state.stale.isOn;
      if (--state.stale.reads <= 0) state.stale = null;
    }
    return {
      "@odata.id": path,
      Id: machine.id,
      UUID: machine.uuid.toUpperCase(),
      SerialNumber: machine.serial,
      Manufacturer: manufacturer,
      Model: "Model 1",
      PowerState: isOn ? "On" : "Off",
      Status: { State: "Enabled", Health: "OK" },
      EthernetInterfaces: { "@odata.id": `${path}/EthernetInterfaces` },
      Boot: this.#boot(state, false),
      ...(settings === "linked"
        ? { "@Redfish.Settings": { SettingsObject: { "@odata.id": `${path}/Settings` } } }
        : {}),
      Actions: {
        "#ComputerSystem.Reset": {
          target: `${path}/Actions/ComputerSystem.Reset`,
          ...(resetTypesIn === "the action" ? { "ResetType@Redfish.AllowableValues": resetTypes } : {}),
          ...(resetTypesIn === "an action info" ? { "@Redfish.ActionInfo": `${path}/ResetActionInfo` } : {}),
        },
      },
    };
  }

  #boot({ override, pending }: SystemState, isSettings: boolean): unknown {
    const shown = isSettings ? (pending ?? override) : override;
    return {
      BootSourceOverrideEnabled: shown.enabled,
      BootSourceOverrideTarget: shown.target,
      BootSourceOverrideMode: shown.mode,
      "BootSourceOverrideTarget@Redfish.AllowableValues": this.#traits.bootTargets,
    };
  }

  #etagOf(state: SystemState): string | null {
    switch (this.#traits.etag) {
      case "none":
        return null;
      case "weak-refused":
        return `W/"${state.etag}"`;
      case "volatile":
        return `"${state.etag++ % 4 === 0 ? state.etag : state.etag - 1}"`;
      default:
        return `"${state.etag}"`;
    }
  }

  #patch(
    state: SystemState,
    rest: string,
    { headers }: IncomingMessage,
    body: Record<string, unknown>,
    say: Say,
  ): unknown {
    const { etag, settings, mode, bootTargets } = this.#traits;
    const place = settings === "none" ? "" : settings === "linked" ? "/Settings" : "/SD";
    if (rest !== place) {
      if (settings === "unnamed")
        return say(400, problem("OperationSupportedInFutureStateURI", "Use the FutureState URI."));
      return say(400, problem("PropertyNotWritable", "The property Boot is a read only property."));
    }
    const ifMatch = headers["if-match"];
    if ((etag === "required" || etag === "volatile") && ifMatch === undefined)
      return say(428, problem("PreconditionRequired", "Send If-Match."));
    if (ifMatch !== undefined && ifMatch !== "*") {
      const wanted = `"${state.etag}"`;
      if (etag === "volatile" ? state.etag % 3 === 0 : ifMatch !== wanted) {
        state.etag++;
        return say(412, problem("PreconditionFailed", "The ETag does not match."));
      }
    }
    if (this.faults.busy > 0) {
      this.faults.busy--;
      return say(400, problem("UnableToModifyDuringSystemPOST", "The system is in POST."));
    }
    const boot = body.Boot as Record<string, string | undefined>;
    const {
      BootSourceOverrideEnabled: enabled,
      BootSourceOverrideTarget: target,
      BootSourceOverrideMode: wished,
    } = boot;
    if (mode === "read-only" && wished !== undefined) {
      return say(
        400,
        problem(
          "PropertyNotWritable",
          "The property BootSourceOverrideMode is a read only property.",
          "BootSourceOverrideMode",
        ),
      );
    }
    if (mode === "required" && wished === undefined) {
      return say(
        400,
        problem("PropertyMissing", "The property BootSourceOverrideMode is missing.", "BootSourceOverrideMode"),
      );
    }
    if (target === undefined || !bootTargets.includes(target))
      return say(400, problem("PropertyValueNotInList", "No such target."));
    state.etag++;
    if (this.faults.ignoresOverride) return say(200, {});
    const next = {
      enabled: enabled ?? "Once",
      target,
      mode: wished ?? (mode === "else-legacy" ? "Legacy" : state.override.mode),
    };
    if (settings === "none") state.override = next;
    else state.pending = next;
    return say(settings === "linked" ? 200 : 204, settings === "linked" ? {} : null);
  }

  /** null: done. */
  async #reset(state: SystemState, type: string): Promise<{ status: number; id: string; words: string } | null> {
    const { machine } = state;
    if (!this.#traits.resetTypes.includes(type)) {
      return { status: 400, id: "ActionParameterNotSupported", words: `ResetType ${type} is not known.` };
    }
    if (this.faults.ignoresResets) return null;
    if (this.faults.busy > 0) {
      this.faults.busy--;
      return { status: 409, id: "ActionParameterValueConflict", words: "The system settles." };
    }
    const wasOn = machine.isOn();
    switch (type) {
      case "On":
        if (wasOn) return { status: 409, id: "InvalidOperationForSystemState", words: "The system is on." };
        await machine.turnOn(firstBootOf(state));
        break;
      case "ForceOff":
        if (!wasOn) return { status: 409, id: "InvalidOperationForSystemState", words: "The system is off." };
        await machine.turnOff();
        break;
      case "GracefulShutdown":
        await machine.shutDown();
        break;
      case "ForceRestart":
        if (!wasOn) return { status: 409, id: "InvalidOperationForSystemState", words: "The system is off." };
        await machine.turnOff();
        await machine.turnOn(firstBootOf(state));
        break;
    }
    if (this.faults.slow > 0) state.stale = { isOn: wasOn, reads: this.faults.slow };
    return null;
  }
}

/** One boot, and it is used up. */
function firstBootOf(state: SystemState): "network" | "usual" {
  state.override = state.pending ?? state.override;
  state.pending = null;
  const { enabled, target } = state.override;
  if (enabled === "Once") state.override = { ...state.override, enabled: "Disabled", target: "None" };
  return enabled === "Once" && (target === "Pxe" || target === "UefiHttp") ? "network" : "usual";
}

const SESSIONS = "/redfish/v1/SessionService/Sessions";

function problem(id: string, words: string, property?: string): unknown {
  const related = property === undefined ? {} : { RelatedProperties: [`#/Boot/${property}`] };
  return {
    error: {
      code: "Base.1.8.GeneralError",
      message: "See ExtendedInfo.",
      "@Message.ExtendedInfo": [{ MessageId: `Base.1.8.${id}`, Message: words, ...related }],
    },
  };
}
