import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Certificate, loadCertificate } from "../../src/http/certificate.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { Instant } from "../../src/std/clock.ts";

const ADDRESS = "10.11.0.1" as Ipv4Address;
const NOW = Date.UTC(2026, 10, 20) as Instant;

describe("loadCertificate()", () => {
  let folder = "";
  let made: Certificate;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bootqueue-tls-"));
    made = await loadCertificate(folder, ADDRESS, NOW);
  });
  after(() => rm(folder, { recursive: true }));

  test("makes a certificate that names the address, and whose fingerprint has the form that Proxmox takes", () => {
    const certificate = new X509Certificate(made.certPem);
    assert.equal(certificate.subjectAltName, `IP Address:${ADDRESS}`);
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
    assert.match(made.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  });

  test("keeps it: the next start has the same, in files that only the owner may read", async () => {
    assert.deepEqual(await loadCertificate(folder, ADDRESS, NOW), made);
    for (const name of ["tls-key.pem", "tls-cert.pem"])
      assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
  });

  test("refuses half a pair, with what to do", async () => {
    const half = await mkdtemp(join(tmpdir(), "bootqueue-tls-"));
    await loadCertificate(half, ADDRESS, NOW);
    await rm(join(half, "tls-key.pem"));
    await assert.rejects(
      loadCertificate(half, ADDRESS, NOW),
      /tls-cert.pem is there and .*tls-key.pem is not; put both there/,
    );
    await rm(half, { recursive: true });
  });

  test("serves HTTPS to a client that pins the fingerprint", async () => {
    const server = createServer({ key: made.keyPem, cert: made.certPem }, (_, reply) => reply.end("hello"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const asked = request({ host: "127.0.0.1", port, rejectUnauthorized: false });
    const seen = new Promise((resolve, reject) => {
      asked.on("response", (response) => {
        const socket = response.socket as import("node:tls").TLSSocket;
        resolve(socket.getPeerCertificate().fingerprint256);
        response.resume();
      });
      asked.on("error", reject);
    });
    asked.end();
    assert.equal(await seen, made.fingerprint);
    server.closeAllConnections();
    server.close();
  });
});
