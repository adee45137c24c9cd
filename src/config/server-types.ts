import { z } from "zod";
import type { MacAddress } from "../net/mac-address.ts";
import { checkDocument } from "../std/check-document.ts";
import { oneOf, parsedText, textLike } from "../std/field.ts";
import { nearest } from "../std/nearest.ts";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import { parseToml } from "../std/toml.ts";
import * as field from "./fields.ts";

/** Settings of profiles, which only the profiles' room can check. */
export const profileSettings = z
  .record(z.string(), z.unknown(), { error: "expected a table of settings, as a profile has them" })
  .optional();

const glob = textLike(
  "pattern",
  "a text of up to 200 characters, in which * and ? stand for any",
  /^[^\0\r\n]{1,200}$/,
);

/** One or several. */
const oneOrMore = <T extends z.ZodType<string>>(item: T, wanted: string) =>
  z
    .union([item, z.array(item)], { error: `expected ${wanted}, or a list of them` })
    .transform((value): readonly string[] => (typeof value === "string" ? [value] : value));

const macPrefix = parsedText(
  "beginning of a MAC address",
  "the beginning of a MAC address such as 1c:69:7a",
  (text) => {
    const lower = text.trim().toLowerCase().replaceAll("-", ":");
    const isPrefix = /^[0-9a-f]{2}(:[0-9a-f]{2}){0,4}(:[0-9a-f]?|:[0-9a-f]{2})?$/.test(lower);
    return isPrefix ? ok(lower) : err("not-a-mac-prefix");
  },
);

const gigabytes = z
  .number({ error: "expected a size in GB, a number above 0" })
  .positive({ error: "expected a size in GB, a number above 0" })
  .meta({ "x-type": "GB" });

const devicePath = textLike("device", "a device such as /dev/nvme0n1 or /dev/disk/by-path/…", /^\/dev\/[!-~]+$/);

const BootDiskTable = z.strictObject({
  serial: glob.optional().describe("Its serial number."),
  model: glob.optional().describe("Its model, as udev writes it (ID_MODEL)."),
  path: devicePath.optional().describe("Its device."),
  size: oneOf(["smallest", "largest"]).optional().describe("Which of several."),
  min_gb: gigabytes.optional().describe("At least so large."),
  max_gb: gigabytes.optional().describe("At most so large."),
});

const ManagementNicTable = z.strictObject({
  name: glob.optional().describe("The name that Linux gives it."),
  driver: glob.optional().describe("Its driver."),
  path: glob.optional().describe("Its place (ID_PATH)."),
});

/** What is said of a server type, in its own file. */
export const ServerTypeFile = z.strictObject({
  display_name: z.string({ error: "expected a text in quotes" }).max(100).optional().describe("What people call it."),
  product: oneOrMore(glob, 'the product name that its firmware shows, such as "MS-01*"')
    .prefault([])
    .describe(
      "Machines whose firmware shows this product name (`dmidecode -s system-product-name`); `*` and `?` stand for any.",
    ),
  mac_prefix: oneOrMore(macPrefix, 'the beginning of a MAC address such as "1c:69:7a"')
    .prefault([])
    .describe(
      "Machines with a NIC whose address begins like this. Known from the first packet on, so that a slot can be kept for them.",
    ),
  boot_disk: z
    .union([devicePath, BootDiskTable], {
      error: "expected a device such as /dev/nvme0n1, or a table with serial, model, path, size, min_gb or max_gb",
    })
    .optional()
    .describe(
      "Where the system goes: a device, or what is known of the disk. What an installer cannot say is refused.",
    ),
  management_nic: z
    .union([glob, ManagementNicTable], {
      error: "expected the name of a NIC such as enp2s0, or a table with name, driver or path",
    })
    .optional()
    .meta({
      description: "The NIC that gets the slot's address: its name, or what is known of it.",
      "x-default": "the NIC that booted",
    }),
  gpu: z
    .union([z.boolean(), glob], { error: "expected true, false or what it is called" })
    .default(false)
    .describe("Whether it has one, or which."),
  hostname_prefix: textLike(
    "beginning of a host name",
    "the beginning of a host name such as pve-ms, or a pattern such as pve-ms{nn}-a",
    /^[A-Za-z0-9](\{n{1,3}\}|[A-Za-z0-9-]){0,50}$/,
  )
    .optional()
    .describe(
      "Names slots that are kept for this type and have no hostname: the number follows, or stands where `{n}`, `{nn}` or `{nnn}` is.",
    ),
  settings: profileSettings.describe("Settings of the profile that are others on it; see how-to/server-types.md."),
});

export const ServerTypeEntry = z.strictObject({
  name: field.serverTypeName.describe("As slots and `register --type` name it."),
  ...ServerTypeFile.shape,
});

export const HostEntry = z.strictObject({
  mac: field.unicastMac.describe("One of its NICs."),
  server_type: field.serverTypeName.optional().describe("Its type, whatever its firmware or its address say."),
  settings: profileSettings.describe("Settings of the profile that are others on it; they win over those of its slot."),
});

/** A server type as the configuration declares it, wherever it stands. */
export interface DeclaredServerType {
  readonly name: string;
  readonly displayName: string | null;
  readonly file: string;
  /** In that file; empty: the file is about this type alone. */
  readonly path: string;
  readonly products: readonly string[];
  readonly macPrefixes: readonly string[];
  readonly hardware: {
    readonly bootDisk: z.infer<typeof BootDiskTable> | null;
    readonly managementNic: z.infer<typeof ManagementNicTable> | null;
  };
  /** Empty: none. */
  readonly gpu: string;
  readonly hostnamePrefix: string | null;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A host that the configuration says something of. */
export interface DeclaredHost {
  readonly mac: MacAddress;
  readonly serverType: string | null;
  readonly settings: PlacedSettings | null;
}

/** Settings of profiles, and where in the configuration file they stand. */
export interface PlacedSettings {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** The text of a server type's own file. `name` is the file's without `.toml`. */
export function parseServerType(
  name: string,
  file: string,
  text: string,
): Result<DeclaredServerType, readonly Problem[]> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) {
    return err([
      { path: "", message: `expected a file name of letters, digits and . _ -, found ${JSON.stringify(name)}` },
    ]);
  }
  const document = parseToml(text);
  if (!document.ok) return err([document.error]);
  const checked = checkDocument<z.infer<typeof ServerTypeFile>>(ServerTypeFile, document.value);
  return checked.ok ? declaredType(name, checked.value, file, "") : checked;
}

/** Those of the configuration file itself; paths of problems are inside it. */
export function typesInFile(
  entries: readonly z.infer<typeof ServerTypeEntry>[],
  file: string,
): Result<readonly DeclaredServerType[], readonly Problem[]> {
  const made = entries.map((entry, index) => declaredType(entry.name, entry, file, `server_type[${index}]`));
  const problems = made.flatMap((type) => (type.ok ? [] : type.error));
  return problems.length > 0 ? err(problems) : ok(made.flatMap((type) => (type.ok ? [type.value] : [])));
}

/** Types that cannot be told from each other. `file`: that of the configuration, in which paths need no file's name. */
export function serverTypeProblems(types: readonly DeclaredServerType[], file: string): readonly Problem[] {
  const problems: Problem[] = [];
  const names = new Map<string, DeclaredServerType>();
  const prefixes = new Map<string, DeclaredServerType>();
  for (const type of types) {
    const place = type.file === file ? type.path : `server type ${type.name} (${type.file})`;
    const same = names.get(type.name);
    if (same !== undefined) {
      const where = same.file === file ? same.path : same.file;
      problems.push({ path: place, message: `there is a server type "${type.name}" already, at ${where}` });
    }
    names.set(type.name, type);
    for (const prefix of type.macPrefixes) {
      const other = prefixes.get(prefix);
      if (other !== undefined && other !== type)
        problems.push({
          path: `${place}.mac_prefix`,
          message: `${prefix} leads to server type "${other.name}" already`,
        });
      prefixes.set(prefix, type);
    }
  }
  return problems;
}

/** `[[host]]` as it is used, and what is wrong with it. */
export function declaredHosts(
  entries: readonly z.infer<typeof HostEntry>[],
): Result<readonly DeclaredHost[], readonly Problem[]> {
  const problems: Problem[] = [];
  const hosts = entries.map(({ mac, server_type, settings }, index): DeclaredHost => {
    const path = `host[${index}]`;
    if (entries.findIndex((entry) => entry.mac === mac) < index)
      problems.push({ path: `${path}.mac`, message: `the MAC address ${mac} is there twice` });
    if (server_type === undefined && settings === undefined)
      problems.push({ path, message: "expected server_type or settings, found neither" });
    const placed = settings === undefined ? null : { path: `${path}.settings`, values: settings };
    return { mac, serverType: server_type ?? null, settings: placed };
  });
  return problems.length > 0 ? err(problems) : ok(hosts);
}

/** What is said of types that nobody describes: only `register --type` can bring a machine there. */
export function unknownTypeWarnings(
  types: readonly DeclaredServerType[],
  named: readonly { readonly path: string; readonly serverType: string | null }[],
): readonly Problem[] {
  const names = new Set(types.map(({ name }) => name));
  return named.flatMap(({ path, serverType }) => {
    if (serverType === null || names.has(serverType)) return [];
    const near = nearest(serverType, names);
    const hint = near === null ? "" : `; did you mean "${near}"?`;
    const message = `no server type is called "${serverType}": only \`bootqueue register --type\` can say that a machine is one${hint}`;
    return [{ path, message }];
  });
}

function declaredType(
  name: string,
  said: z.infer<typeof ServerTypeFile>,
  file: string,
  path: string,
): Result<DeclaredServerType, readonly Problem[]> {
  const { boot_disk, management_nic, gpu } = said;
  const bootDisk = typeof boot_disk === "string" ? { path: boot_disk } : (boot_disk ?? null);
  const managementNic = typeof management_nic === "string" ? { name: management_nic } : (management_nic ?? null);
  const problems: Problem[] = [];
  const say = (key: string, message: string) => problems.push({ path: path === "" ? key : `${path}.${key}`, message });
  if (bootDisk !== null && Object.keys(bootDisk).length === 0) say("boot_disk", "expected at least one of its keys");
  if (bootDisk?.min_gb !== undefined && bootDisk.max_gb !== undefined && bootDisk.min_gb > bootDisk.max_gb)
    say("boot_disk.min_gb", `expected at most max_gb (${bootDisk.max_gb}), found ${bootDisk.min_gb}`);
  if (managementNic !== null && Object.keys(managementNic).length !== 1)
    say(
      "management_nic",
      `expected one of name, driver and path, found ${Object.keys(managementNic).join(" and ") || "none"}`,
    );
  if (problems.length > 0) return err(problems);
  return ok({
    name,
    displayName: said.display_name ?? null,
    file,
    path,
    products: said.product,
    macPrefixes: said.mac_prefix,
    hardware: { bootDisk, managementNic },
    gpu: gpu === true ? "yes" : gpu === false ? "" : gpu,
    hostnamePrefix: said.hostname_prefix ?? null,
    settings: said.settings ?? {},
  });
}
