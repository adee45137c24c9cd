import { createHmac } from "node:crypto";
import { type Clock, formatInstant } from "../std/clock.ts";
import { err, ok } from "../std/result.ts";
import type { SendJson } from "./json-request.ts";
import type { ReadyNode } from "./ready-node.ts";
import type { Registrar } from "./registrar.ts";

export interface JsonHookSettings {
  readonly name: string;
  readonly url: URL;
  /** Signs each request; null: none does. */
  readonly secret: string | null;
}

/**
 * Posts each node as JSON. With a secret the headers carry the time in seconds and the HMAC-SHA256 of `TIME.BODY`,
 * so that the receiver can tell ours from others', and old ones from new. A repeat has the same `Idempotency-Key`.
 */
export function jsonHook({ name, url, secret }: JsonHookSettings, send: SendJson, clock: Clock): Registrar {
  return {
    name,
    async register(node, signal) {
      const body = JSON.stringify(hookBody(node));
      const time = String(Math.floor(clock.now() / 1000));
      const headers = {
        "Idempotency-Key": `${node.id}-${node.readyAt}`,
        "Bootqueue-Event": "host.ready",
        ...(secret === null
          ? {}
          : { "Bootqueue-Timestamp": time, "Bootqueue-Signature": `sha256=${signatureOf(secret, time, body)}` }),
      };
      const answer = await send({ method: "POST", url, headers, body, signal });
      if (!answer.ok) return err({ message: `${url.host}: ${answer.error}`, isFinal: false });
      const { status } = answer.value;
      if (status >= 200 && status < 300) return ok({ what: `told ${url.host}` });
      // 409: it knows the node already. Other refusals will be the same the next time, but for being asked too fast.
      if (status === 409) return ok({ what: `${url.host} knew it already` });
      const message = `expected a status of 200 to 299 from ${url.host}, found ${status}`;
      return err({ message, isFinal: status >= 300 && status < 500 && status !== 408 && status !== 429 });
    },
  };
}

/** What a receiver computes too. Hexadecimal. */
export function signatureOf(secret: string, time: string, body: string): string {
  return createHmac("sha256", secret).update(`${time}.${body}`).digest("hex");
}

function hookBody({ readyAt, prefixLength, ...node }: ReadyNode): object {
  return {
    event: "host.ready",
    at: formatInstant(readyAt),
    host: { ...node, prefixLength, fqdn: `${node.hostname}.${node.domain}` },
  };
}
