import { createHash, webcrypto, X509Certificate } from "node:crypto";
import { readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { AgentTrust } from "../firstboot/agent-links.ts";
import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { Instant } from "../std/clock.ts";
import { writeSecretFile } from "../std/secret-file.ts";
import { checkKeyPair, type KeyPair } from "./certificate-check.ts";

/** What HTTPS is served with. */
export interface Certificate extends KeyPair {
  /** SHA-256 of the certificate: 32 pairs of hexadecimal digits with colons, as Proxmox takes it. */
  readonly fingerprint: string;
}

/** By which the first-boot agent knows us. */
export function agentTrustOf({ certPem }: Certificate): AgentTrust {
  const spki = new X509Certificate(certPem).publicKey.export({ type: "spki", format: "der" });
  return { publicKeyPin: createHash("sha256").update(spki).digest("base64"), certificatePem: certPem };
}

/** Whom a new certificate is for. */
export interface CertificateSubject {
  readonly address: Ipv4Address;
  /** Host names under which people know us. */
  readonly names?: readonly string[];
}

/**
 * The certificate in `folder` (`tls-key.pem`, `tls-cert.pem`), which an operator may put there, or else one that is made
 * now. Rejects when one of the two is there and cannot be used.
 */
export async function loadCertificate(folder: string, subject: CertificateSubject, now: Instant): Promise<Certificate> {
  await finishReplacing(folder);
  const found = await readPair(folder, "tls");
  if (found !== null) return found;
  const made = await makeCertificate(subject, now);
  await writePair(folder, "tls", made);
  return made;
}

/** Puts another one into its place, so that a power cut leaves the one or the other. */
export async function replaceCertificate(folder: string, next: KeyPair): Promise<void> {
  await writePair(folder, "tls-next", next);
  await finishReplacing(folder);
}

/** `NAME-key.pem` and `NAME-cert.pem`, checked; null: neither is there. */
export async function readPair(folder: string, name: string): Promise<Certificate | null> {
  const paths = pathsOf(folder, name);
  const [keyPem, certPem] = await Promise.all([paths.key, paths.cert].map(readIfThere));
  if (!keyPem && !certPem) return null;
  if (!keyPem || !certPem) {
    const [there, missing] = keyPem ? [paths.key, paths.cert] : [paths.cert, paths.key];
    throw new Error(`${there} is there and ${missing} is not; put both there, or remove it and a new pair is made`);
  }
  const { mode } = await stat(paths.key);
  if ((mode & 0o077) !== 0) {
    const found = (mode & 0o777).toString(8).padStart(4, "0");
    throw new Error(
      `${paths.key} can be read by others (mode ${found}); make another key, or \`chmod 600\` it if nobody did`,
    );
  }
  return certificateOf({ keyPem, certPem }, paths);
}

/** Throws when installers could not use it. */
export function certificateOf(pair: KeyPair, names: { readonly key: string; readonly cert: string }): Certificate {
  return { ...pair, fingerprint: checkKeyPair(pair, names).fingerprint256 };
}

/** The key first: a certificate that is there says that both are. */
export async function writePair(folder: string, name: string, { keyPem, certPem }: KeyPair): Promise<void> {
  const { key, cert } = pathsOf(folder, name);
  await writeSecretFile(key, keyPem);
  await writeSecretFile(cert, certPem);
}

export async function removePair(folder: string, name: string): Promise<void> {
  const { key, cert } = pathsOf(folder, name);
  await rm(cert, { force: true });
  await rm(key, { force: true });
}

/**
 * Self-signed: ECDSA P-256, version 3 with a subject alternative name. The Proxmox installer, which pins the
 * fingerprint, refuses P-521 and version 1, and looks at neither name nor dates.
 */
export async function makeCertificate({ address, names = [] }: CertificateSubject, now: Instant): Promise<Certificate> {
  // Loaded here only: it takes longer than all other parts together, and is needed once in years.
  await import("reflect-metadata");
  const { SubjectAlternativeNameExtension, X509CertificateGenerator } = await import("@peculiar/x509");
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const alternatives = [
    ...names.map((value) => ({ type: "dns", value }) as const),
    { type: "ip", value: address } as const,
  ];
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=bootqueue ${address}`,
      keys,
      // A machine with a dead battery installs with a clock far in the past.
      notBefore: new Date("2000-01-01T00:00:00Z"),
      notAfter: new Date(now + LIFE_MS),
      signingAlgorithm: algorithm,
      extensions: [new SubjectAlternativeNameExtension(alternatives)],
    },
    webcrypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${key.replaceAll(/(.{64})(?=.)/g, "$1\n")}\n-----END PRIVATE KEY-----\n`;
  const certPem = `${certificate.toString("pem")}\n`;
  return certificateOf({ keyPem, certPem }, { key: "the new key", cert: "the new certificate" });
}

const LIFE_MS = 20 * 365 * 24 * 3_600_000;

/** Goes on where a replacement was cut off: when its certificate is there it is complete, else it is void. */
async function finishReplacing(folder: string): Promise<void> {
  const [from, to] = [pathsOf(folder, "tls-next"), pathsOf(folder, "tls")];
  if ((await readIfThere(from.cert)) === null) return rm(from.key, { force: true });
  if ((await readIfThere(from.key)) !== null) await rename(from.key, to.key);
  await rename(from.cert, to.cert);
}

function pathsOf(folder: string, name: string) {
  return { key: join(folder, `${name}-key.pem`), cert: join(folder, `${name}-cert.pem`) };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new Error(`cannot read ${path}`, { cause });
  }
}
