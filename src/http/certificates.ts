import { X509Certificate } from "node:crypto";
import { readdir } from "node:fs/promises";
import { ARMED, type Host } from "../queue/host.ts";
import type { Clock, Instant } from "../std/clock.ts";
import {
  type Certificate,
  type CertificateSubject,
  certificateOf,
  loadCertificate,
  makeCertificate,
  readPair,
  removePair,
  replaceCertificate,
  writePair,
} from "./certificate.ts";
import { expiryWarning, type KeyPair } from "./certificate-check.ts";

/** One that was replaced, and that installs armed before then were told. */
export interface KeptCertificate {
  readonly certificate: Certificate;
  readonly until: Instant;
}

/**
 * The certificate of HTTPS, and those before it that somebody still goes by. A machine is told a fingerprint when its
 * install begins and meets the certificate until it ends, so which one it is shown follows from when its install was
 * armed: a rotation in between breaks nothing.
 */
export class Certificates {
  readonly #folder: string;
  readonly #subject: CertificateSubject;
  readonly #clock: Clock;
  #current: Certificate;
  /** The one replaced longest ago first. */
  #kept: readonly KeptCertificate[];

  private constructor(
    folder: string,
    subject: CertificateSubject,
    clock: Clock,
    current: Certificate,
    kept: readonly KeptCertificate[],
  ) {
    this.#folder = folder;
    this.#subject = subject;
    this.#clock = clock;
    this.#current = current;
    this.#kept = kept;
  }

  /** Rejects when one that is there cannot be used. */
  static async load(folder: string, subject: CertificateSubject, clock: Clock): Promise<Certificates> {
    const current = await loadCertificate(folder, subject, clock.now());
    const kept: KeptCertificate[] = [];
    for (const file of (await readdir(folder)).sort()) {
      const until = untilOf(file);
      if (until === null) continue;
      const certificate = await readPair(folder, keptName(until));
      // A rotation that was cut off before it replaced anything.
      if (certificate?.fingerprint === current.fingerprint) await removePair(folder, keptName(until));
      else if (certificate !== null) kept.push({ certificate, until });
    }
    return new Certificates(folder, subject, clock, current, kept);
  }

  get current(): Certificate {
    return this.#current;
  }

  get kept(): readonly KeptCertificate[] {
    return this.#kept;
  }

  /** What an install armed then was told. null: none was armed. */
  at(armedAt: Instant | null): Certificate {
    const before = armedAt === null ? undefined : this.#kept.find(({ until }) => armedAt < until);
    return before?.certificate ?? this.#current;
  }

  /** Another one from now on; those who were told of this one still meet it. `own` null: one is made. Rejects when `own` cannot be used. */
  async rotate(hosts: Iterable<Host>, own: KeyPair | null = null): Promise<Certificate> {
    const now = this.#clock.now();
    const next =
      own === null
        ? await makeCertificate(this.#subject, now)
        : certificateOf(own, { key: "the key", cert: "the certificate" });
    if (next.fingerprint === this.#current.fingerprint) throw new Error("this certificate is in use already");
    // A clock that was set back must not make an install of today one of tomorrow.
    let until = now;
    for (const { attempt } of hosts)
      if (attempt !== null && attempt.armedAt >= until) until = (attempt.armedAt + 1) as Instant;
    const replaced = this.#current;
    await writePair(this.#folder, keptName(until), replaced);
    await replaceCertificate(this.#folder, next);
    this.#kept = [...this.#kept, { certificate: replaced, until }];
    this.#current = next;
    return next;
  }

  /** Hosts that were told of this one and whose install has not ended. */
  usersOf({ until }: KeptCertificate, hosts: Iterable<Host>): readonly Host[] {
    const after = this.#kept.findLast((other) => other.until < until)?.until ?? 0;
    return [...hosts].filter(
      (host) =>
        isUnfinished(host) && host.attempt !== null && host.attempt.armedAt < until && host.attempt.armedAt >= after,
    );
  }

  /** Forgets those that nobody goes by any more, and their keys with them; answers with what is gone. */
  async dropUnused(hosts: readonly Host[]): Promise<readonly Certificate[]> {
    const unused = this.#kept.filter((one) => this.usersOf(one, hosts).length === 0);
    for (const { until } of unused) await removePair(this.#folder, keptName(until));
    this.#kept = this.#kept.filter((one) => !unused.includes(one));
    return unused.map(({ certificate }) => certificate);
  }

  get expiry(): Instant {
    return Date.parse(new X509Certificate(this.#current.certPem).validTo) as Instant;
  }

  /** What a person should know of the one in use. */
  warnings(): readonly string[] {
    const warning = expiryWarning(new X509Certificate(this.#current.certPem), this.#clock.now());
    return warning === null ? [] : [warning];
  }
}

/** Its installer or its first boot may still come back. A report may also come after we gave the install up. */
function isUnfinished({ state, attempt }: Host): boolean {
  if (ARMED.has(state.type) || state.type === "installed" || state.type === "first_boot") return true;
  return state.type === "failed" && (attempt?.answers ?? 0) > 0;
}

/** `tls-until-1795185600000`: sorts by time for the next two centuries. */
function keptName(until: Instant): string {
  return `tls-until-${until}`;
}

/** null: not the name of one. The key is written first, so its certificate says that the pair is whole. */
function untilOf(file: string): Instant | null {
  const found = /^tls-until-(\d{13})-cert\.pem$/.exec(file);
  return found === null ? null : (Number(found[1]) as Instant);
}
