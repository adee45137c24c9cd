import { type IncomingMessage, request } from "node:http";
import type { ApiError } from "../http/contract.ts";
import { CliFailure, EXIT } from "./exit-code.ts";

/** Talks to the daemon over its Unix socket. Every failure is a `CliFailure` that says what to do. */
export class OperatorClient {
  readonly socket: string;

  constructor(socket: string) {
    this.socket = socket;
  }

  /** The answer's JSON. `Answer` is what the contract says of the route: daemon and command are one program. */
  async get<Answer>(path: string, patienceMs = ANSWER_MS): Promise<Answer> {
    return this.#exchange<Answer>("GET", path, patienceMs);
  }

  async post<Answer>(path: string, body: object = {}, patienceMs = ANSWER_MS): Promise<Answer> {
    return this.#exchange<Answer>("POST", path, patienceMs, body);
  }

  /** Server-sent events, until the daemon ends the stream or `signal` aborts. */
  async *events(path: string, signal: AbortSignal): AsyncGenerator<{ readonly event: string; readonly data: unknown }> {
    let rest = "";
    try {
      const response = await this.#open("GET", path, ANSWER_MS, undefined, signal);
      if (response.statusCode !== 200) throw failureOf(response.statusCode ?? 0, await textOf(response));
      for await (const chunk of response.setEncoding("utf8")) {
        const blocks = (rest + chunk).split("\n\n");
        rest = blocks.pop() ?? "";
        for (const block of blocks) {
          const event = parseEvent(block);
          if (event) yield event;
        }
      }
    } catch (cause) {
      if (signal.aborted) return;
      if (cause instanceof CliFailure) throw cause;
      throw new CliFailure(EXIT.unreachable, "the connection to the daemon broke", hintOf(cause));
    }
  }

  async #exchange<Answer>(method: string, path: string, patienceMs: number, body?: object): Promise<Answer> {
    const response = await this.#open(method, path, patienceMs, body);
    const text = await textOf(response);
    if (response.statusCode !== 200) throw failureOf(response.statusCode ?? 0, text);
    try {
      return JSON.parse(text) as Answer;
    } catch {
      throw new CliFailure(EXIT.refused, `${this.socket} does not answer like bootqueue`, "is this its socket?");
    }
  }

  #open(
    method: string,
    path: string,
    patienceMs: number,
    body?: object,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const text = body && JSON.stringify(body);
      const outgoing = request(
        {
          socketPath: this.socket,
          method,
          path,
          ...(signal ? { signal } : { timeout: patienceMs }),
          headers: {
            Host: "localhost",
            ...(text === undefined
              ? {}
              : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) }),
          },
        },
        resolve,
      );
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${patienceMs / 1000} seconds`)));
      outgoing.on("error", (cause: NodeJS.ErrnoException) => reject(unreachable(this.socket, cause)));
      outgoing.end(text);
    });
  }
}

const ANSWER_MS = 30_000;

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return text;
}

function failureOf(status: number, text: string): CliFailure {
  let said: Partial<ApiError> = {};
  try {
    said = JSON.parse(text) as Partial<ApiError>;
  } catch {
    // Not the daemon's words; the status has to do.
  }
  const code = status === 404 ? EXIT.unknown : status === 400 ? EXIT.usage : EXIT.refused;
  return new CliFailure(code, said.error ?? `the daemon answered with status ${status}`, said.hint ?? "");
}

function hintOf(cause: unknown): string {
  return cause instanceof Error ? `${cause.message}; is it being restarted?` : "";
}

/** null: a comment, such as the heartbeat. */
function parseEvent(block: string): { readonly event: string; readonly data: unknown } | null {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event = line.slice("event: ".length);
    else if (line.startsWith("data: ")) data.push(line.slice("data: ".length));
  }
  return data.length === 0 ? null : { event, data: JSON.parse(data.join("\n")) };
}

/** Why the socket cannot be used, and what to do about it. */
export function unreachable(socket: string, cause: NodeJS.ErrnoException): CliFailure {
  const start = "start it with `systemctl start bootqueue`, or by hand with `bootqueue serve`";
  switch (cause.code) {
    case "ENOENT":
      return new CliFailure(
        EXIT.unreachable,
        `the daemon does not run: there is no socket ${socket}`,
        `${start}; --socket or --config name another socket`,
      );
    case "ECONNREFUSED":
      return new CliFailure(
        EXIT.unreachable,
        `nobody listens on the socket ${socket}`,
        `the daemon has stopped; ${start}`,
      );
    case "EACCES":
    case "EPERM":
      return new CliFailure(
        EXIT.unreachable,
        `no permission to open the socket ${socket}`,
        "only root may: try with sudo",
      );
    case "ENOTSOCK":
      return new CliFailure(EXIT.unreachable, `${socket} is not a socket`, "--socket wants the daemon's Unix socket");
    default:
      return new CliFailure(
        EXIT.unreachable,
        `the daemon did not answer on ${socket}: ${cause.message}`,
        "`journalctl -u bootqueue` says what it does",
      );
  }
}
