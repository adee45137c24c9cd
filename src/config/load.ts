import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Ipv4Address, type Ipv4Subnet, isHostAddress, networkAddress, prefixLength } from "../net/ipv4-address.ts";
import { checkDocument } from "../std/check-document.ts";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import { parseToml } from "../std/toml.ts";
import { clusterProblems, linkProblems } from "./clusters.ts";
import { credentialProblems } from "./credentials.ts";
import type { Listen } from "./fields.ts";
import { menuProblems } from "./menu.ts";
import { poolProblems, type RelayedSubnet, relayedSubnets, subnetProblems } from "./networks.ts";
import { type PowerTargets, powerFileProblems, powerTargets } from "./power.ts";
import { registrationFileProblems, registrationProblems } from "./registrations.ts";
import { ConfigFile } from "./schema.ts";
import {
  type DeclaredHost,
  type DeclaredServerType,
  declaredHosts,
  parseServerType,
  serverTypeProblems,
  typesInFile,
} from "./server-types.ts";
import { type DeclaredSlot, expandSlots, missingProfiles } from "./slots.ts";

/** What the daemon works with: the file's settings under their own names, every default filled in. */
export interface Config extends Omit<ConfigFile, "network" | "operator" | "subnet"> {
  /** Path of the file it was read from. */
  readonly file: string;
  readonly network: ConfigFile["network"] & {
    readonly router: Ipv4Address;
    readonly dns: readonly Ipv4Address[];
    readonly subnet: Ipv4Subnet;
  };
  readonly operator: ConfigFile["operator"] & { readonly listen: Listen };
  /** Networks behind relays. */
  readonly subnet: readonly RelayedSubnet[];
  /** Whose power can be switched, from `[power]` and from slots. */
  readonly powerTargets: PowerTargets;
  /** `slot` and `slot_range` as one list, in the order of the file. */
  readonly slots: readonly DeclaredSlot[];
  /** Those of the file and those with a file of their own. */
  readonly serverTypes: readonly DeclaredServerType[];
  readonly hosts: readonly DeclaredHost[];
}

/** A profile as it lies on the disk. `profiles/` reads it. */
export interface ProfileFile {
  /** `pve` for `pve.toml`. */
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly profiles: readonly ProfileFile[];
  /** Files beside the profiles that a profile names as its template. */
  readonly templates: readonly ProfileFile[];
}

/** The file that is read when nobody names one. */
export function configPath(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  return environment.BOOTQUEUE_CONFIG || "/etc/bootqueue/bootqueue.toml";
}

/**
 * Reads the text of a configuration file. All that is wrong with single settings is reported at once; rules between
 * settings are looked at when every setting by itself is right. `foreignTypes`: server types with a file of their own.
 */
export function parseConfig(
  text: string,
  file: string,
  foreignTypes: readonly DeclaredServerType[] = [],
): Result<Config, readonly Problem[]> {
  const document = parseToml(text);
  if (!document.ok) return err([document.error]);
  const checked = checkDocument<ConfigFile>(ConfigFile, document.value, HINTS);
  if (!checked.ok) return checked;
  const settings = checked.value;
  const router = settings.network.router ?? settings.network.address;
  const network = { ...settings.network, router, dns: settings.network.dns ?? [router] };
  const listen = settings.operator.listen ?? { address: network.address, port: 8080 };
  const subnet = relayedSubnets(settings, network);
  const power = powerTargets(
    settings,
    network.subnet,
    subnet.map((each) => each.subnet),
  );
  const noPower: PowerTargets = { slots: new Map(), hosts: new Map() };
  const types = typesInFile(settings.server_type, file);
  if (!types.ok) return types;
  const serverTypes = [...types.value, ...foreignTypes];
  const hosts = declaredHosts(settings.host);
  const slots = expandSlots(settings, text, { ...network, relayed: subnet }, serverTypes);
  const config = {
    ...settings,
    file,
    network,
    subnet,
    operator: { ...settings.operator, listen },
    powerTargets: power.ok ? power.value : noPower,
    slots: [],
    serverTypes,
    hosts: [],
  };
  const problems = [
    ...ruleProblems(config),
    ...subnetProblems(network, subnet),
    ...poolProblems(settings.pool, network, subnet, slots.ok ? slots.value : []),
    ...clusterProblems(settings.cluster),
    ...registrationProblems(settings.registration),
    ...menuProblems(settings.menu, settings.pool !== undefined || settings.dhcp.mode === "proxy"),
    ...(power.ok ? [] : power.error),
    ...serverTypeProblems(serverTypes, file),
    ...(hosts.ok ? [] : hosts.error),
    ...(slots.ok ? linkProblems(slots.value, network) : slots.error),
  ];
  if (problems.length > 0 || !slots.ok || !hosts.ok) return err(problems);
  return ok({ ...config, slots: slots.value, hosts: hosts.value });
}

/**
 * Reads the configuration file, the server types beside it, and every `*.toml` in its folder of profiles, whose content
 * is not looked at here.
 * Never rejects; a file that cannot be read is a problem like any other. Paths start with the file's name.
 */
export async function loadConfig(path: string): Promise<Result<LoadedConfig, readonly Problem[]>> {
  const text = await readText(path);
  if (!text.ok) return err([text.error]);
  const types = await readServerTypes(text.value);
  if (!types.ok) return types;
  const parsed = parseConfig(text.value, path, types.value);
  if (!parsed.ok) return err(inFile(path, parsed.error));
  const profiles = await readProfiles(parsed.value.paths.profiles);
  if (!profiles.ok) return profiles;
  const named = new Set(profiles.value.flatMap(({ text }) => templateOf(text) ?? []));
  const isTemplate = ({ name }: ProfileFile) => named.has(`${name}.toml`);
  const own = profiles.value.filter((file) => !isTemplate(file));
  const missing = missingProfiles(parsed.value, new Set(own.map(({ name }) => name)));
  const unreadable = [
    ...(await credentialProblems(parsed.value.cluster)),
    ...(await registrationFileProblems(parsed.value.registration)),
    ...(await powerFileProblems(parsed.value.powerTargets)),
  ];
  if (missing.length + unreadable.length > 0) return err(inFile(path, [...missing, ...unreadable]));
  return ok({ config: parsed.value, profiles: own, templates: profiles.value.filter(isTemplate) });
}

/** The same problems, each with the name of the file in front. */
export function inFile(file: string, problems: readonly Problem[]): readonly Problem[] {
  return problems.map(({ path, message }) => ({ path: path === "" ? file : `${file}: ${path}`, message }));
}

/** Settings that people look for under other names. */
const HINTS = {
  "network.gateway": "unknown key; the default router is called router",
  "network.netmask": "unknown key; the mask is part of subnet, such as 10.11.0.0/22",
  "network.domain_name": "unknown key; it is called domain",
  "slot.address": "unknown key; the address of a slot is called ip",
  "slot.name": "unknown key; the name of a slot is called hostname",
  "slot_range.ip": "unknown key; the first address of a range is called first",
} as const;

function ruleProblems({ network, dhcp, http, operator, pool }: Config): Problem[] {
  const problems: Problem[] = [];
  const say = (path: string, message: string) => problems.push({ path, message });
  if (pool !== undefined && dhcp.mode === "proxy")
    say("pool", 'expected no pool with dhcp.mode = "proxy": there another server gives the addresses');
  const { subnet, address, router } = network;
  if (prefixLength(subnet) < 8 || prefixLength(subnet) > 30) {
    say("network.subnet", `expected a prefix length from 8 to 30, found ${subnet}`);
  } else {
    const wanted = `expected the address of a host in ${subnet}`;
    if (!isHostAddress(address, subnet)) say("network.address", `${wanted}, found ${address}`);
    if (router !== address && !isHostAddress(router, subnet)) say("network.router", `${wanted}, found ${router}`);
  }
  if (Number(networkAddress(subnet).split(".")[0]) >= 224 || networkAddress(subnet).startsWith("127.")) {
    say("network.subnet", `expected a network that hosts can have, found ${subnet}`);
  }
  const codes = dhcp.options.map(({ code }) => code);
  for (const [index, code] of codes.entries()) {
    if (codes.indexOf(code) < index) say(`dhcp.options[${index}].code`, `option ${code} is given twice`);
  }
  const { listen } = operator;
  if (listen.port === http.port && (listen.address === address || listen.address === "0.0.0.0")) {
    say("operator.listen", `expected another port than that of the machines (http.port), found ${listen.port}`);
  }
  if (http.tls_port === http.port || (http.tls_port === listen.port && listen.address === address)) {
    say("http.tls_port", `expected a port that nothing else here uses, found ${http.tls_port}`);
  }
  return problems;
}

async function readProfiles(folder: string): Promise<Result<readonly ProfileFile[], readonly Problem[]>> {
  const names = await tomlFilesIn(folder);
  return names.ok ? readAll(folder, names.value) : err([names.error]);
}

/** The file that a profile names as its template; null: none, or nothing can be told. */
function templateOf(text: string): string | null {
  const document = parseToml(text);
  const { template } = (document.ok ? document.value : {}) as { readonly template?: unknown };
  return typeof template === "string" ? template : null;
}

/** Looked for before the configuration is: slots may take their names from them. */
async function readServerTypes(text: string): Promise<Result<readonly DeclaredServerType[], readonly Problem[]>> {
  const document = parseToml(text);
  const { paths } = (document.ok ? document.value : {}) as { readonly paths?: { readonly server_types?: unknown } };
  const said = paths?.server_types;
  // What is no path is the schema's to complain of.
  const folder = typeof said === "string" && said.startsWith("/") ? said : SERVER_TYPES_FOLDER;
  const names = await tomlFilesIn(folder);
  if (!names.ok) return said === undefined ? ok([]) : err([names.error]);
  const files = await readAll(folder, names.value);
  if (!files.ok) return files;
  const types = files.value.map(({ name, file, text }) => ({ file, type: parseServerType(name, file, text) }));
  const problems = types.flatMap(({ file, type }) => (type.ok ? [] : inFile(file, type.error)));
  return problems.length > 0 ? err(problems) : ok(types.flatMap(({ type }) => (type.ok ? [type.value] : [])));
}

/** Where they are looked for when nobody says. */
export const SERVER_TYPES_FOLDER = "/etc/bootqueue/server-types";

async function tomlFilesIn(folder: string): Promise<Result<readonly string[], Problem>> {
  try {
    return ok((await readdir(folder)).filter((name) => name.endsWith(".toml") && !name.startsWith(".")).sort());
  } catch (cause) {
    return err(unreadable(folder, cause));
  }
}

async function readAll(folder: string, names: readonly string[]): Promise<Result<ProfileFile[], readonly Problem[]>> {
  const files: ProfileFile[] = [];
  const problems: Problem[] = [];
  for (const name of names) {
    const file = join(folder, name);
    const text = await readText(file);
    if (text.ok) files.push({ name: name.slice(0, -".toml".length), file, text: text.value });
    else problems.push(text.error);
  }
  return problems.length > 0 ? err(problems) : ok(files);
}

async function readText(path: string): Promise<Result<string, Problem>> {
  try {
    return ok(await readFile(path, "utf8"));
  } catch (cause) {
    return err(unreadable(path, cause));
  }
}

function unreadable(path: string, cause: unknown): Problem {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  return { path, message: `cannot be read: ${REASONS[code] ?? (cause as Error).message}` };
}

const REASONS: Readonly<Partial<Record<string, string>>> = {
  ENOENT: "it does not exist",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "it is not a folder",
};
