import { readdirSync, readFileSync } from "node:fs";
import { parse, stringify, type TomlTable } from "smol-toml";
import { type Profile, parseProfile } from "../../src/profiles/profiles.ts";
import { HASH, merged } from "./proxmox-profile.ts";

const FOLDER = new URL("../../profiles/", import.meta.url);

/** Of the words `not a password`, made by crypt(3) for these tests, for systems without yescrypt. */
export const SHA512_HASH =
  "$6$bootqueue$G8.LXZ3.z5losob2jLsKNK0OuutMtAnbt8amupztfG9KH6S3RMEfKRqB.V/aoK7gn7yhqi6Ok/w1V6gKFi3iz1";

/** The example profiles that operators start from, by name, with everything filled in that they have to fill in. */
export const EXAMPLES: ReadonlyMap<string, string> = new Map(
  readdirSync(FOLDER)
    .filter((file) => file.endsWith(".toml"))
    .sort()
    .map((file) => [file.replace(/\.toml$/, ""), filledIn(readFileSync(new URL(file, FOLDER), "utf8"))]),
);

/** An example with changes; a table is merged into the table there, `undefined` removes. */
export function exampleProfile(name: string, changes: Record<string, unknown> = {}): Profile {
  const profile = parseProfile(name, exampleText(name, changes));
  if (!profile.ok) throw new Error(`the profile was meant to be right: ${JSON.stringify(profile.error)}`);
  return profile.value;
}

export function exampleText(name: string, changes: Record<string, unknown> = {}): string {
  return stringify(merged(parse(EXAMPLES.get(name) ?? "") as TomlTable, changes));
}

function filledIn(text: string): string {
  const whole = text.replaceAll(": FILL-IN", ": TALOSSECRET");
  return whole.replaceAll('"FILL-IN"', JSON.stringify(text.includes("--method=sha-512") ? SHA512_HASH : HASH));
}
