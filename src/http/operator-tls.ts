import { Hono } from "hono";
import type { TlsRotated } from "./contract.ts";
import type { OperatorDeps, OperatorEnv } from "./operator-deps.ts";
import { fail, readBody } from "./operator-replies.ts";
import { TlsRotateBody } from "./order-bodies.ts";

/** Another certificate for machines. A private key may come along, so only root gets here. */
export function createTlsApp({ tls, trusted }: OperatorDeps): Hono<OperatorEnv> {
  const app = new Hono<OperatorEnv>();
  app.post("/api/tls/rotate", async (c) => {
    if (!trusted) {
      return fail(c, 403, {
        error: "a certificate is only changed on the appliance itself",
        hint: "run `bootqueue tls rotate` there, as root",
      });
    }
    const body = await readBody(c, TlsRotateBody);
    if (!body.ok) return fail(c, 400, body.error);
    if (tls === undefined) {
      const hint = "`http.tls_port = 443` in the configuration, and a restart, turn it on";
      return fail(c, 409, { error: "machines are not served over HTTPS", hint });
    }
    const { key: keyPem, certificate: certPem } = body.value;
    if ((keyPem === undefined) !== (certPem === undefined)) {
      return fail(c, 400, { error: "a key and its certificate belong together", hint: "give both, or neither" });
    }
    const own = keyPem === undefined || certPem === undefined ? null : { keyPem, certPem };
    try {
      const message = await tls.rotate(own);
      return c.json<TlsRotated>({ message, tls: tls.view() });
    } catch (error) {
      if (own === null) throw error;
      return fail(c, 400, { error: (error as Error).message, hint: "the certificate in use stays" });
    }
  });
  return app;
}
