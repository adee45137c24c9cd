import { createHash, webcrypto, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AgentTrust } from "../firstboot/agent-links.ts";
import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { Instant } from "../std/clock.ts";
import { writeSecretFile } from "../std/secret-file.ts";

/** What HTTPS is served with. */
export interface Certificate {
  readonly keyPem: string;
  readonly certPem: string;
  /** SHA-256 of the certificate: 32 pairs of hexadecimal digits with colons, as Proxmox takes it. */
  readonly fingerprint: string;
}

/** By which the first-boot agent knows us. */
export function agentTrustOf({ certPem }: Certificate): AgentTrust {
  const spki = new X509Certificate(certPem).publicKey.export({ type: "spki", format: "der" });
  return { publicKeyPin: createHash("sha256").update(spki).digest("base64"), certificatePem: certPem };
}

/**
 * The certificate in `folder` (`tls-key.pem`, `tls-cert.pem`), which an operator may put there, or else one that is made
 * now. Rejects when one of the two is there and cannot be used.
 */
export async function loadCertificate(folder: string, address: Ipv4Address, now: Instant): Promise<Certificate> {
  const [keyPath, certPath] = [join(folder, "tls-key.pem"), join(folder, "tls-cert.pem")];
  const [keyPem, certPem] = await Promise.all([keyPath, certPath].map(readIfThere));
  if (keyPem && certPem) return { keyPem, certPem, fingerprint: fingerprintOf(certPath, certPem) };
  if (keyPem || certPem) {
    const [there, missing] = keyPem ? [keyPath, certPath] : [certPath, keyPath];
    throw new Error(`${there} is there and ${missing} is not; put both there, or remove it and a new pair is made`);
  }
  const made = await makeCertificate(address, now);
  await writeSecretFile(keyPath, made.keyPem);
  await writeSecretFile(certPath, made.certPem);
  return made;
}

/**
 * Self-signed: ECDSA P-256, version 3 with a subject alternative name. The Proxmox installer, which pins the
 * fingerprint, refuses P-521 and version 1, and looks at neither name nor dates.
 */
async function makeCertificate(address: Ipv4Address, now: Instant): Promise<Certificate> {
  // Loaded here only: it takes longer than all other parts together, and is needed once in a lifetime.
  await import("reflect-metadata");
  const { SubjectAlternativeNameExtension, X509CertificateGenerator } = await import("@peculiar/x509");
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=bootqueue ${address}`,
      keys,
      // A machine with a dead battery installs with a clock far in the past.
      notBefore: new Date("2000-01-01T00:00:00Z"),
      notAfter: new Date(now + LIFE_MS),
      signingAlgorithm: algorithm,
      extensions: [new SubjectAlternativeNameExtension([{ type: "ip", value: address }])],
    },
    webcrypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${key.replaceAll(/(.{64})(?=.)/g, "$1\n")}\n-----END PRIVATE KEY-----\n`;
  const certPem = `${certificate.toString("pem")}\n`;
  return { keyPem, certPem, fingerprint: fingerprintOf("the new certificate", certPem) };
}

const LIFE_MS = 20 * 365 * 24 * 3_600_000;

function fingerprintOf(path: string, certPem: string): string {
  try {
    return new X509Certificate(certPem).fingerprint256;
  } catch (cause) {
    throw new Error(`${path} should hold a certificate in PEM form`, { cause });
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new Error(`cannot read ${path}`, { cause });
  }
}
