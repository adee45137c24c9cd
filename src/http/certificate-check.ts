import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { formatInstant, type Instant } from "../std/clock.ts";

/** A certificate with its key, as two texts in PEM form; the certificate's may go on with those of its issuers. */
export interface KeyPair {
  readonly keyPem: string;
  readonly certPem: string;
}

/** What is said of the two in messages: where they come from. */
export interface PairNames {
  readonly key: string;
  readonly cert: string;
}

/**
 * Throws, in words, unless every installer can use the pair: they refuse P-521 and certificates of version 1, whatever
 * their fingerprint (proxmox-fetch-answer, rustls).
 */
export function checkKeyPair({ keyPem, certPem }: KeyPair, names: PairNames): X509Certificate {
  const certificate = attempt(
    () => new X509Certificate(certPem),
    `${names.cert} should hold a certificate in PEM form`,
  );
  const key = attempt(
    () => createPrivateKey(keyPem),
    `${names.key} should hold a private key in PEM form, without a passphrase`,
  );
  if (!certificate.checkPrivateKey(key)) {
    throw new Error(
      `${names.key} is not the key of the certificate in ${names.cert}; put the two that belong together there`,
    );
  }
  const unusable = whyUnusable(key);
  if (unusable !== null) {
    throw new Error(
      `${names.key} holds ${unusable}; installers take RSA of 2048 bits or more, ECDSA P-256 or P-384, and Ed25519`,
    );
  }
  if (isVersion1(certificate.raw)) {
    throw new Error(
      `${names.cert} is an X.509 certificate of version 1, which installers refuse; make one with a subjectAltName`,
    );
  }
  return certificate;
}

/** null: it is good for a while yet. Installers that are told a fingerprint look at no dates; browsers and people do. */
export function expiryWarning(certificate: X509Certificate, now: Instant): string | null {
  const end = Date.parse(certificate.validTo) as Instant;
  if (end - now > WARN_MS) return null;
  const when = `${end <= now ? "expired" : "expires"} on ${formatInstant(end).slice(0, 10)}`;
  return `the certificate of HTTPS ${when}; \`bootqueue tls rotate\` makes a new one, or takes yours`;
}

const WARN_MS = 30 * 24 * 3_600_000;

function whyUnusable({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject): string | null {
  const { modulusLength = 0, namedCurve = "" } = details;
  if (type === "ed25519") return null;
  if (type === "rsa") return modulusLength >= 2048 ? null : `an RSA key of ${modulusLength} bits`;
  if (type === "ec") return namedCurve === "prime256v1" || namedCurve === "secp384r1" ? null : `a key on ${namedCurve}`;
  return `a key of the type ${type}`;
}

/** The first field of a later one's TBSCertificate is its version, tagged [0] (RFC 5280 §4.1). */
function isVersion1(der: Uint8Array): boolean {
  return der[contentAt(der, contentAt(der, 0))] !== 0xa0;
}

/** Where the content of the DER value at `at` begins. */
function contentAt(der: Uint8Array, at: number): number {
  const length = der[at + 1] ?? 0;
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
}

function attempt<T>(make: () => T, wanted: string): T {
  try {
    return make();
  } catch (cause) {
    throw new Error(wanted, { cause });
  }
}
