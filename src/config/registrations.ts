import { z } from "zod";
import { oneOf, textLike } from "../std/field.ts";
import type { Problem } from "../std/problem.ts";
import { secretLineProblems } from "./credentials.ts";
import * as field from "./fields.ts";

const slug = textLike("slug", "a slug as NetBox has it: lower-case letters, digits, - and _", /^[-a-z0-9_]{1,100}$/);

const ServerTypeSlugs = z.strictObject({
  role: slug.optional().describe("Slug of their role."),
  device_type: slug.optional().describe("Slug of their device type."),
});

export const RegistrationEntry = z.strictObject({
  name: textLike("name", "a name of up to 64 letters, digits and . _ -", /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/).describe(
    "What people call it, in messages.",
  ),
  type: oneOf(["hook", "netbox"]).describe(
    "`hook`: the host as JSON, in a POST. `netbox`: a device with its interface and address in NetBox 4.",
  ),
  url: field.httpUrl.describe("Where it is posted; for NetBox its own address, without `api/`."),
  ca_file: field.absolutePath
    .optional()
    .describe(
      "The certificate of the authority that signed the server's, in PEM; for servers the system does not trust.",
    ),
  secret_file: field.absolutePath
    .optional()
    .describe("For a hook: a file of mode 0600 with one line, the secret that signs each request."),
  token_file: field.absolutePath.optional().describe("For NetBox: a file of mode 0600 with one line, the API token."),
  site: slug.optional().describe("For NetBox: slug of the site."),
  role: slug.optional().describe("For NetBox: slug of the devices' role."),
  device_type: slug.optional().describe("For NetBox: slug of the device type."),
  server_types: z
    .record(z.string(), ServerTypeSlugs)
    .prefault({})
    .describe('For NetBox: what differs for a server type: `{ r640 = { device_type = "poweredge-r640" } }`.'),
});

export type RegistrationEntry = z.infer<typeof RegistrationEntry>;

/** Rules between the settings of each. */
export function registrationProblems(entries: readonly RegistrationEntry[]): Problem[] {
  return entries.flatMap((entry, index) => {
    const problems: Problem[] = [];
    const say = (key: string, message: string) => problems.push({ path: `registration[${index}].${key}`, message });
    if (entries.findIndex(({ name }) => name === entry.name) < index) {
      say("name", `the name ${entry.name} is taken already by another registration`);
    }
    // The message does not repeat them, as messages are logged.
    if (/^https?:\/\/[^/]*@/.test(entry.url)) say("url", "expected an address without user and password, found some");
    const foreign = entry.type === "hook" ? ONLY_NETBOX : ONLY_HOOK;
    for (const key of foreign) {
      if (entry[key] !== undefined) say(key, `this belongs to another type; of ${entry.type} there is no such setting`);
    }
    if (entry.type === "netbox") {
      for (const key of ONLY_NETBOX) if (entry[key] === undefined) say(key, "missing: NetBox needs it");
    }
    return problems;
  });
}

/** What is wrong with the files that hold secrets. */
export function registrationFileProblems(entries: readonly RegistrationEntry[]): Promise<Problem[]> {
  const files = entries.flatMap(({ secret_file, token_file }, index) => [
    [`registration[${index}].secret_file`, secret_file],
    [`registration[${index}].token_file`, token_file],
  ]);
  return secretLineProblems(Object.fromEntries(files));
}

const ONLY_NETBOX = ["token_file", "site", "role", "device_type"] as const;
const ONLY_HOOK = ["secret_file"] as const;
