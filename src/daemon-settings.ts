import type { HttpCluster } from "./boot/http-cluster.ts";
import type { InstallSite } from "./boot/installation.ts";
import { type MachineSettings, profileFor, typeNameByMac } from "./boot/machine-settings.ts";
import type { ServedNetworks } from "./boot/subnets.ts";
import type { Urls } from "./boot/urls.ts";
import { clusterSlotProblems, clusterWarnings, missingCluster } from "./config/clusters.ts";
import { HttpMembersSection } from "./config/http-members.ts";
import { type Config, inFile, loadConfig } from "./config/load.ts";
import { loadImages, missingForAll } from "./daemon-images.ts";
import {
  machineProblems,
  machineSettings,
  machineWarnings,
  overlaysOf,
  profileVariants,
} from "./daemon-machine-settings.ts";
import { parseSystemUuid } from "./net/system-uuid.ts";
import { findImage, type StoredImage } from "./profiles/boot-image.ts";
import { type Profiles, parseProfiles } from "./profiles/profiles.ts";
import type { QueueRules } from "./queue/rules.ts";
import { type DeclaredSlot, type ProfileName, slotIdOf } from "./queue/slot.ts";
import { findSlotByAddress, type QueueState } from "./queue/state.ts";
import type { Problem } from "./std/problem.ts";
import { err, ok, type Result } from "./std/result.ts";

/** The configuration and its profiles, checked one by one and against each other. */
export interface Settings {
  readonly config: Config;
  readonly profiles: Profiles;
  /** What is said of server types, slots and hosts besides. */
  readonly machines: MachineSettings;
  /** What `bootqueue image add` has put below `assets/`. */
  readonly images: readonly StoredImage[];
}

/** Everything that is wrong, at once; each problem's path starts with its file. */
export async function loadSettings(path: string): Promise<Result<Settings, readonly Problem[]>> {
  const loaded = await loadConfig(path);
  if (!loaded.ok) return loaded;
  const { config } = loaded.value;
  const used = new Set<string>(config.slots.map((slot) => slot.profile));
  const sources = loaded.value.profiles;
  const machines = machineSettings(config);
  const templates = new Map(loaded.value.templates.map(({ name, text }) => [`${name}.toml`, text]));
  const profiles = parseProfiles(
    sources.filter(({ name }) => used.has(name)),
    (name) => overlaysOf(config, machines, name),
    templates,
  );
  if (!profiles.ok) return profiles;
  // A host may still be installing with a profile whose slot has just gone from the configuration. What no slot names
  // may be half-written; that is no reason not to start.
  const spare = sources
    .filter(({ name }) => !used.has(name))
    .map((source) => parseProfiles([source], undefined, templates));
  const known = spare.flatMap((profile) => (profile.ok ? [...profile.value] : []));
  const images = await loadImages(config.paths.assets);
  const settings = { config, profiles: new Map([...profiles.value, ...known]), images, machines };
  const problems = [...inFile(path, clusterUseProblems(settings)), ...machineProblems(settings)];
  return problems.length === 0 ? ok(settings) : err(problems);
}

/** Profiles that lead to a cluster which nobody declares, and slots that do not fit into theirs. */
function clusterUseProblems({ config, profiles }: Settings): readonly Problem[] {
  const clusterOf = (profile: string) => profiles.get(profile as ProfileName)?.flow().cluster ?? null;
  const missing = [...profiles.keys()].flatMap((name) => {
    const cluster = clusterOf(name);
    const message = cluster === null ? null : missingCluster(cluster, config.cluster);
    return message === null ? [] : [{ path: `profile ${name}: cluster`, message }];
  });
  const uneven = config.cluster.flatMap(({ name }) =>
    clusterSlotProblems(
      name,
      config.slots.filter(({ profile }) => clusterOf(profile) === name),
    ),
  );
  return [...missing, ...uneven];
}

/** What is allowed and probably not meant; paths start with the profile's name. */
export function settingsWarnings(settings: Settings): readonly Problem[] {
  const { config, profiles } = settings;
  const ofProfiles = [...profiles.values()].flatMap((profile) => inFile(`profile ${profile.name}`, profile.warnings()));
  return [...ofProfiles, ...clusterWarnings(config.cluster), ...machineWarnings(settings)];
}

/** Images and files that profiles of slots need and that are not there: no reason not to start, but these cannot boot. */
export async function missingImages(settings: Settings): Promise<readonly Problem[]> {
  const { config, images } = settings;
  const used = new Set<string>(config.slots.map((slot) => slot.profile));
  const wanted = profileVariants(settings).filter(({ name }) => used.has(name));
  const missing = await missingForAll(wanted, images, config.paths.assets);
  return missing.map((message) => ({ path: "", message }));
}

/** Which image each profile boots that can be read; a product is the newest of its images. */
export async function imageUses(
  path: string,
): Promise<Result<readonly { readonly profile: string; readonly image: string }[], readonly Problem[]>> {
  const settings = await loadSettings(path);
  if (!settings.ok) return settings;
  const { profiles, images } = settings.value;
  return ok(
    [...profiles.values()].flatMap((profile) => {
      const wish = profile.image();
      const image = wish === null ? null : findImage(images, wish.name);
      return image === null ? [] : [{ profile: profile.name, image: image.name }];
    }),
  );
}

export function declaredSlots(config: Config): readonly DeclaredSlot[] {
  return config.slots.map(({ address, hostname, profile, labels, reservation, boardSerial, diskSerials }) => ({
    id: slotIdOf(address),
    address,
    hostname,
    profile: profile as ProfileName,
    labels,
    reservation,
    boardSerial,
    diskSerials,
  }));
}

export function queueRules({ config, profiles, machines }: Settings): QueueRules {
  const { approval, attempts_max, hold_seconds, limits } = config.queue;
  const hostnames = new Map(config.slots.map(({ id, hostname }) => [id as string, hostname]));
  return {
    approval,
    attemptsMax: attempts_max,
    holdMs: hold_seconds * 1000,
    limitMs: {
      pxe_ready: limits.pxe_ready * MINUTE_MS,
      armed: limits.armed * MINUTE_MS,
      pxe_booted: limits.pxe_booted * MINUTE_MS,
      installing: limits.installing * MINUTE_MS,
      installed: limits.installed * MINUTE_MS,
      first_boot: limits.first_boot * MINUTE_MS,
      joining: limits.joining * MINUTE_MS,
    },
    flows: new Map([...profiles.values()].map((profile) => [profile.name, profile.flow()])),
    power: {
      slots: new Set([...config.powerTargets.slots.keys()].map(slotIdOf)),
      macs: new Set(config.powerTargets.hosts.keys()),
      cycleStuck: config.power.cycle_stuck,
    },
    flowOf: (host, slot) => profileFor({ profiles, machines }, slot, host)?.flow(),
    typeByMac: (mac) => typeNameByMac(machines, mac),
    hostnameOf: (slot) => hostnames.get(slot),
  };
}

/** Slots whose machines are still called as they were installed, because their names were changed since. */
export function nameWarnings(state: QueueState, { slots }: Pick<Config, "slots">): readonly string[] {
  return slots.flatMap(({ address, hostname }) => {
    const slot = findSlotByAddress(state, address);
    if (slot?.state.type !== "assigned" || slot.hostname === hostname) return [];
    return `${address} is called ${hostname} in the configuration, and its machine ${slot.hostname}, as it was installed; \`bootqueue rebuild ${slot.hostname}\` would give it the new name`;
  });
}

const MINUTE_MS = 60_000;

export function installSite({ config, profiles, images, machines }: Settings, urls: Urls): InstallSite {
  const networks = servedNetworks(config);
  const bogusUuids = new Set(config.dhcp.bogus_uuids.flatMap((text) => parseSystemUuid(text) ?? []));
  return {
    ...networks,
    urls,
    profiles,
    machines,
    images,
    httpClusters: httpClusters(config),
    bogusUuids,
    menu: menuOf(config),
  };
}

function menuOf({ menu }: Config): InstallSite["menu"] {
  return menu === undefined ? null : { title: menu.title, timeoutSeconds: menu.timeout_seconds, entries: menu.entry };
}

function httpClusters(config: Config): ReadonlyMap<string, HttpCluster> {
  const named = config.cluster.filter(({ kind }) => kind === "http");
  return new Map(
    named.map(({ name, http }) => {
      const settings = http ?? HttpMembersSection.parse({});
      const { scheme, port, raft_port: raftPort, role, peers, members } = settings;
      const { health_path: healthPath, add_path: addPath, members_path: membersPath = null } = settings;
      return [name, { name, scheme, port, raftPort, role, peers, members, healthPath, addPath, membersPath }];
    }),
  );
}

export function servedNetworks({ network, subnet }: Config): ServedNetworks {
  const terms = ({ subnet, router, dns, domain }: Pick<Config["network"], "subnet" | "router" | "dns" | "domain">) => ({
    subnet,
    router,
    domainNameServers: dns,
    domain,
  });
  return { ...terms(network), relayed: subnet.map(terms) };
}

/** Settings that a reload cannot change, because sockets and answers already given depend on them. */
export function needsRestart(before: Config, after: Config) {
  const fixed = [
    "network",
    "subnet",
    "pool",
    "dhcp",
    "tftp",
    "http",
    "operator",
    "paths",
    "log",
    "registration",
  ] as const;
  return fixed.filter((section) => JSON.stringify(before[section]) !== JSON.stringify(after[section]));
}

/** The new settings, but in those sections the old ones: sockets and machines rely on them until the restart. */
export function keptUntilRestart(
  before: Settings,
  after: Settings,
  sections: ReturnType<typeof needsRestart>,
): Settings {
  const kept = Object.fromEntries(sections.map((name) => [name, before.config[name]]));
  return { ...after, config: { ...after.config, ...kept } };
}
