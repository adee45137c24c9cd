import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Certificate, loadCertificate, makeCertificate, writePair } from "../../src/http/certificate.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { Instant } from "../../src/std/clock.ts";

const ADDRESS = "10.11.0.1" as Ipv4Address;
const SUBJECT = { address: ADDRESS, names: ["gateway", "gateway.lab.example"] };
const NOW = Date.UTC(2026, 10, 20) as Instant;

describe("loadCertificate()", () => {
  let folder = "";
  let made: Certificate;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bootqueue-tls-"));
    made = await loadCertificate(folder, SUBJECT, NOW);
  });
  after(() => rm(folder, { recursive: true }));

  test("makes a certificate that names the address and the host, and whose fingerprint has the form that Proxmox takes", () => {
    const certificate = new X509Certificate(made.certPem);
    assert.equal(certificate.subjectAltName, `DNS:gateway, DNS:gateway.lab.example, IP Address:${ADDRESS}`);
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
    assert.match(made.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  });

  test("keeps it: the next start has the same, in files that only the owner may read", async () => {
    assert.deepEqual(await loadCertificate(folder, SUBJECT, NOW), made);
    for (const name of ["tls-key.pem", "tls-cert.pem"])
      assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
  });

  test("refuses half a pair, with what to do", async () => {
    const half = await mkdtemp(join(tmpdir(), "bootqueue-tls-"));
    await loadCertificate(half, SUBJECT, NOW);
    await rm(join(half, "tls-key.pem"));
    await assert.rejects(
      loadCertificate(half, SUBJECT, NOW),
      /tls-cert.pem is there and .*tls-key.pem is not; put both there/,
    );
    await rm(half, { recursive: true });
  });

  test("refuses a key that others can read, and says how to go on", async () => {
    const open = await mkdtemp(join(tmpdir(), "bootqueue-tls-"));
    await loadCertificate(open, SUBJECT, NOW);
    await chmod(join(open, "tls-key.pem"), 0o640);
    await assert.rejects(
      loadCertificate(open, SUBJECT, NOW),
      /tls-key.pem can be read by others \(mode 0640\).*chmod 600/,
    );
    await rm(open, { recursive: true });
  });

  for (const name of ["rsa", "ed25519"]) {
    test(`takes the operator's own pair (${name})`, async () => {
      const own = await ownPair(`${name}-key.pem`, `${name}-cert.pem`);
      const loaded = await loadCertificate(own, SUBJECT, NOW);
      assert.equal(loaded.fingerprint, new X509Certificate(loaded.certPem).fingerprint256);
      await rm(own, { recursive: true });
    });
  }

  const refused: readonly { what: string; key: string; cert: string; why: RegExp }[] = [
    {
      what: "a key that belongs to another certificate",
      key: "rsa-key.pem",
      cert: "ed25519-cert.pem",
      why: /tls-key.pem is not the key of the certificate in .*tls-cert.pem/,
    },
    { what: "P-521", key: "p521-key.pem", cert: "p521-cert.pem", why: /holds a key on secp521r1; installers take RSA/ },
    { what: "short RSA", key: "rsa1024-key.pem", cert: "rsa1024-cert.pem", why: /holds an RSA key of 1024 bits/ },
    {
      what: "version 1",
      key: "version1-key.pem",
      cert: "version1-cert.pem",
      why: /of version 1, which installers refuse/,
    },
    {
      what: "two certificates",
      key: "rsa-cert.pem",
      cert: "rsa-cert.pem",
      why: /should hold a private key in PEM form/,
    },
    { what: "two keys", key: "rsa-key.pem", cert: "rsa-key.pem", why: /should hold a certificate in PEM form/ },
  ];
  for (const { what, key, cert, why } of refused) {
    test(`refuses ${what}, with words`, async () => {
      const own = await ownPair(key, cert);
      await assert.rejects(loadCertificate(own, SUBJECT, NOW), why);
      await rm(own, { recursive: true });
    });
  }

  test("goes on where a power cut left a replacement, or forgets it when it was not whole", async () => {
    const other = await mkdtemp(join(tmpdir(), "bootqueue-tls-"));
    const first = await loadCertificate(other, SUBJECT, NOW);
    await writeFile(join(other, "tls-next-key.pem"), "half a");
    assert.equal((await loadCertificate(other, SUBJECT, NOW)).fingerprint, first.fingerprint);
    assert.deepEqual((await readdir(other)).sort(), ["tls-cert.pem", "tls-key.pem"]);
    const next = await makeCertificate(SUBJECT, NOW);
    await writePair(other, "tls-next", next);
    await rename(join(other, "tls-next-key.pem"), join(other, "tls-key.pem"));
    assert.equal((await loadCertificate(other, SUBJECT, NOW)).fingerprint, next.fingerprint);
    assert.deepEqual((await readdir(other)).sort(), ["tls-cert.pem", "tls-key.pem"]);
    await rm(other, { recursive: true });
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

const FIXTURES = new URL("../fixtures/tls/", import.meta.url);

/** A folder into which an operator has put these two. */
async function ownPair(key: string, cert: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-tls-"));
  await writeFile(join(folder, "tls-key.pem"), await readFile(new URL(key, FIXTURES)), { mode: 0o600 });
  await writeFile(join(folder, "tls-cert.pem"), await readFile(new URL(cert, FIXTURES)));
  return folder;
}
