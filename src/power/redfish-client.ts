import { err, ok, type Result } from "../std/result.ts";
import type { BmcAnswer, BmcHttp, BmcHttpError } from "./bmc-http.ts";
import { type PowerFailure, type PowerResult, powerFailure } from "./power-control.ts";
import type { PowerTime } from "./power-time.ts";
import { errorWords, redfishErrorOf } from "./redfish-error.ts";
import { linkAt, pathOfLink, textAt } from "./redfish-json.ts";
import type { RejectedLogins } from "./rejected-logins.ts";

/** Something that was read, and what is needed to change it. */
export interface Resource {
  readonly path: string;
  readonly json: unknown;
  /** null: the BMC gave none. */
  readonly etag: string | null;
}

export interface RedfishClientParts {
  readonly http: BmcHttp;
  /** How the BMC is called in messages, and in the memory of refused logins: its address. */
  readonly bmc: string;
  readonly user: string;
  readonly password: string;
  readonly rejected: RejectedLogins;
  readonly time: PowerTime;
  readonly requestMs: number;
  readonly signal: AbortSignal;
}

type Login =
  | { readonly type: "session"; readonly token: string; readonly location: string | null }
  | { readonly type: "basic" }
  /** Before anything asked for it. */
  | { readonly type: "none" };

/**
 * Talks to one BMC for the length of one visit: logs in when it first has to, with a session where the BMC has them, and
 * `close` ends the session. A wrong password is tried once, and never again.
 */
export class RedfishClient {
  readonly #parts: RedfishClientParts;
  #login: Login = { type: "none" };
  #renewals = 0;
  /** Some BMCs answer 406 to a wish for no compression; with compression others give weak ETags. */
  #plain = true;
  #root: unknown = null;

  constructor(parts: RedfishClientParts) {
    this.#parts = parts;
  }

  /** The service root, the one address that is known beforehand (DSP0266 §6.2). Readable without a login. */
  async root(): PowerResult<unknown> {
    if (this.#root !== null) return ok(this.#root);
    const answer = await this.#patiently("/redfish/v1/", false);
    if (!answer.ok) return answer;
    if (linkAt(answer.value.json, "Systems") === null) {
      const found = answer.value.status === 200 ? "an answer without Systems" : `status ${answer.value.status}`;
      const message = `${this.#parts.bmc} does not speak Redfish: /redfish/v1/ gave ${found}`;
      return err(powerFailure("unsupported", message, "is this the address of the BMC?"));
    }
    this.#root = answer.value.json;
    return ok(this.#root);
  }

  async get(path: string): PowerResult<Resource> {
    const ready = await this.#loggedIn();
    if (!ready.ok) return ready;
    const answer = await this.#patiently(path, true);
    if (!answer.ok) return answer;
    if (answer.value.status !== 200) return err(this.refusal(`GET ${path}`, answer.value));
    const { json, headers } = answer.value;
    const etag = [headers.etag, textAt(json, "@odata.etag")].find(
      (tag) => tag !== undefined && tag !== null && tag !== "",
    );
    return ok({ path, json, etag: etag ?? null });
  }

  /** Sent once: what comes of it, whatever the status, is for the caller. Fails when no whole answer came. */
  async send(
    method: "POST" | "PATCH",
    path: string,
    body: unknown,
    ifMatch: string | null = null,
  ): Promise<Result<BmcAnswer, PowerFailure>> {
    const ready = await this.#loggedIn();
    if (!ready.ok) return ready;
    const headers: Record<string, string> = ifMatch === null ? {} : { "If-Match": ifMatch };
    const answer = await this.#asked(() => this.#exchange(method, path, headers, body));
    return answer.ok ? ok(answer.value) : err(this.#unreachable(answer.error));
  }

  /** Ends the session, whatever happened. Never fails: there is nothing left to do about it. */
  async close(): Promise<void> {
    if (this.#login.type !== "session" || this.#login.location === null) return;
    const { token, location } = this.#login;
    this.#login = { type: "none" };
    // The visit may have been given up, and the session has to go all the same.
    await this.#parts.http({
      method: "DELETE",
      path: location,
      headers: { "X-Auth-Token": token },
      timeoutMs: Math.min(this.#parts.requestMs, LOGOUT_MS),
      signal: new AbortController().signal,
    });
  }

  refusal(what: string, answer: BmcAnswer): PowerFailure {
    const words = errorWords(redfishErrorOf(answer));
    return powerFailure("refused", this.#masked(`${this.#parts.bmc} refused ${what}: ${words}`));
  }

  /** A GET is repeated where the BMC's web server has a bad moment. */
  async #patiently(path: string, withLogin: boolean): Promise<Result<BmcAnswer, PowerFailure>> {
    let target = path;
    for (let attempt = 1, redirects = 0; ; ) {
      const ask = () => this.#exchange("GET", target, {}, undefined, withLogin);
      const answer = withLogin ? await this.#asked(ask) : await ask();
      const isLast = attempt >= GET_TRIES || this.#parts.signal.aborted;
      if (!answer.ok) {
        if (isLast || FINAL.has(answer.error.type)) return err(this.#unreachable(answer.error));
      } else {
        const next = REDIRECTS.has(answer.value.status) ? pathOfLink(answer.value.headers.location ?? null) : null;
        if (next !== null && redirects++ < REDIRECTS_MAX) {
          target = next;
          continue;
        }
        if (isLast || !TRANSIENT.has(answer.value.status)) return answer;
      }
      attempt++;
      await this.#parts.time.sleep(RETRY_MS, this.#parts.signal);
    }
  }

  /** An expired session is renewed once in a visit; a second time something else is wrong. */
  async #asked(exchange: () => Promise<Result<BmcAnswer, BmcHttpError>>): Promise<Result<BmcAnswer, BmcHttpError>> {
    const answer = await exchange();
    const isDenied = answer.ok && (answer.value.status === 401 || answer.value.status === 403);
    if (!isDenied || this.#login.type !== "session" || this.#renewals > 0) return answer;
    this.#renewals++;
    await this.close();
    this.#login = { type: "none" };
    return (await this.#loggedIn()).ok ? await exchange() : answer;
  }

  async #loggedIn(): PowerResult<null> {
    if (this.#login.type !== "none") return ok(null);
    const { bmc, user, password, rejected } = this.#parts;
    const root = await this.root();
    if (!root.ok) return root;
    if (rejected.has(bmc, user, password)) {
      const message = `${bmc} refused user ${user} before, so the same password was not tried again`;
      return err(powerFailure("login-refused-before", message, "put the right password into the password file"));
    }
    const sessions = linkAt(root.value, "Links", "Sessions") ?? SESSIONS;
    const answer = await this.#exchange("POST", sessions, {}, { UserName: user, Password: password }, false);
    if (!answer.ok) return err(this.#unreachable(answer.error));
    const { status, headers, json } = answer.value;
    const token = headers["x-auth-token"];
    if (status >= 200 && status < 300 && token !== undefined) {
      const location = pathOfLink(headers.location ?? null) ?? linkAt(json);
      this.#login = { type: "session", token, location };
      return ok(null);
    }
    const error = redfishErrorOf(answer.value);
    if (status === 401 || status === 403 || error.ids.some((id) => REFUSED_LOGIN.has(id))) return err(this.#rejected());
    if (status === 503 || error.ids.some((id) => NO_SESSION.has(id)) || /RAC0218/.test(error.text)) {
      const hint = "others are logged in, or left sessions behind: wait half an hour, or close some at the BMC";
      return err(powerFailure("no-free-session", this.#masked(`${bmc} opens no session: ${errorWords(error)}`), hint));
    }
    // No sessions here. The first request with the password tells whether it is right.
    this.#login = { type: "basic" };
    const systems = linkAt(root.value, "Systems") ?? "/redfish/v1/Systems";
    const first = await this.#exchange("GET", systems, {});
    if (first.ok && first.value.status !== 401) return ok(null);
    this.#login = { type: "none" };
    return err(first.ok ? this.#rejected() : this.#unreachable(first.error));
  }

  #rejected(): PowerFailure {
    const { bmc, user, password, rejected } = this.#parts;
    rejected.add(bmc, user, password);
    return powerFailure(
      "login-refused",
      `${bmc} refused user ${user} with the password of its file`,
      "it is not tried again until the file changes, so that the account is not locked",
    );
  }

  async #exchange(
    method: "GET" | "POST" | "PATCH",
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: unknown,
    withLogin = true,
  ): Promise<Result<BmcAnswer, BmcHttpError>> {
    const { http, requestMs: timeoutMs, signal } = this.#parts;
    const ask = () => {
      const encoding: Record<string, string> = this.#plain ? { "Accept-Encoding": "identity" } : {};
      const login = withLogin ? this.#loginHeaders() : {};
      const shared = { method, path, headers: { ...encoding, ...login, ...headers }, timeoutMs, signal };
      return http(body === undefined ? shared : { ...shared, body });
    };
    const answer = await ask();
    if (!this.#plain || !answer.ok || answer.value.status !== 406) return answer;
    this.#plain = false;
    return await ask();
  }

  #loginHeaders(): Readonly<Record<string, string>> {
    const { user, password } = this.#parts;
    switch (this.#login.type) {
      case "session":
        return { "X-Auth-Token": this.#login.token };
      case "basic":
        return { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
      case "none":
        return {};
    }
  }

  #unreachable({ type, message }: BmcHttpError): PowerFailure {
    const { bmc } = this.#parts;
    switch (type) {
      case "aborted":
        return powerFailure("stopping", `the visit to ${bmc} was given up`);
      case "wrong-certificate":
        return powerFailure(
          "wrong-certificate",
          `${bmc} shows another certificate: ${message}`,
          "no password was sent; if the BMC has a new certificate, put its fingerprint into the configuration",
        );
      default:
        return powerFailure("unreachable", this.#masked(`${bmc} does not answer: ${message}`));
    }
  }

  /** A BMC may repeat what it was sent. */
  #masked(text: string): string {
    const { password } = this.#parts;
    const token = this.#login.type === "session" ? this.#login.token : password;
    return text.replaceAll(password, "…").replaceAll(token, "…");
  }
}

/** Where the standard puts them, for roots that do not say (DSP0266 §13.3.4.4). */
const SESSIONS = "/redfish/v1/SessionService/Sessions";
const REFUSED_LOGIN: ReadonlySet<string> = new Set([
  "NoValidSession",
  "InsufficientPrivilege",
  "ResourceAtUriUnauthorized",
  "UnauthorizedLoginAttempt",
  "AuthenticationFailed",
  "AccessDenied",
]);
const NO_SESSION: ReadonlySet<string> = new Set(["SessionLimitExceeded", "CreateLimitReachedForResource", "RAC0218"]);
const TRANSIENT: ReadonlySet<number> = new Set([500, 502, 503, 504]);
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307, 308]);
const REDIRECTS_MAX = 3;
const FINAL: ReadonlySet<BmcHttpError["type"]> = new Set(["wrong-certificate", "aborted"]);
const GET_TRIES = 3;
const RETRY_MS = 2000;
const LOGOUT_MS = 10_000;
