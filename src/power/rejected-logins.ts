import { createHash } from "node:crypto";

/**
 * Credentials that a BMC has refused. They are not tried again until they change, because a BMC locks the account, or us
 * out, after a few wrong passwords. In memory only, and only as hashes.
 */
export class RejectedLogins {
  readonly #rejected = new Set<string>();

  has(bmc: string, user: string, password: string): boolean {
    return this.#rejected.has(keyOf(bmc, user, password));
  }

  add(bmc: string, user: string, password: string): void {
    this.#rejected.add(keyOf(bmc, user, password));
  }

  /** They were accepted after all. */
  delete(bmc: string, user: string, password: string): void {
    this.#rejected.delete(keyOf(bmc, user, password));
  }
}

function keyOf(bmc: string, user: string, password: string): string {
  return createHash("sha256")
    .update(JSON.stringify([bmc, user, password]))
    .digest("base64");
}
