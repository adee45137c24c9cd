import { z } from "zod";
import { type Ipv4Subnet, parseIpv4Subnet } from "../net/ipv4-address.ts";
import { oneOf, parsedText, textLike, whole } from "../std/field.ts";

/**
 * The steps of a first boot, as profiles write them: `[[first_boot.steps]]`, run in the order of the file. Which of them
 * a kind of profile offers is its own choice: `linuxSteps` for any Linux with systemd or OpenRC, `proxmoxSteps` for
 * Proxmox VE.
 */

const flag = () => z.boolean({ error: "expected true or false" });

const httpUrl = textLike(
  "HTTP address",
  'an address such as "http://127.0.0.1:2379/health"',
  /^https?:\/\/[A-Za-z0-9.\-[\]:]+(\/[!#-&(-[\]-~]*)?$/,
);

const path = textLike("absolute path", 'an absolute path such as "/etc/ssl/lab-ca.pem"', /^(\/[A-Za-z0-9._-]+)+$/);

const interfaceName = textLike(
  "interface",
  'the name of an interface such as "eno3"',
  /^[A-Za-z][A-Za-z0-9._-]{0,14}$/,
);

const subnet = parsedText<Ipv4Subnet>("IPv4 subnet", 'an IPv4 network such as "10.10.2.0/24"', parseIpv4Subnet);

const disk = textLike(
  "disk",
  'one disk by its whole path such as "/dev/disk/by-id/nvme-SAMSUNG_S4EVNX0R" (no pattern)',
  /^\/dev\/[A-Za-z0-9._:+/-]+$/,
);

const shellScript = textLike("script", "a script that begins with #! such as #!/bin/sh", /^#!/);

const word = (what: string, example: string) =>
  textLike(what, `${what} such as ${example}`, /^[A-Za-z0-9][A-Za-z0-9.+_:=,/-]*$/);

const values = (example: string) =>
  z.record(
    textLike("name", `a name such as ${example}`, /^[A-Za-z0-9][A-Za-z0-9._/-]*$/),
    z.union([textLike("text in one line", "a text in one line", /^[^\n\r]*$/), z.number(), z.boolean()], {
      error: "expected a text in one line, a number, or true or false",
    }),
    { error: "expected a table of names and values" },
  );

const common = {
  name: textLike("step name", "a name of lower-case letters, digits and hyphens", /^[a-z0-9][a-z0-9-]{0,29}$/)
    .optional()
    .meta({ description: "What it is called on the page and in marks.", "x-default": "its type" }),
};

/** What may fail because something else is not ready yet. */
const repeated = (minutes: number, tries: number) => ({
  minutes: whole(1, 1440).default(minutes).describe("How long one try may take."),
  tries: whole(1, 100)
    .default(tries)
    .describe("How often it is tried, with growing pauses, before the host has failed."),
});

const HealthStep = z
  .strictObject({
    type: z.literal("health"),
    ...common,
    url: httpUrl.describe("It must answer with status 200."),
    seconds: whole(1, 86_400).default(120).describe("How long it may take until it does, counted by the uptime."),
    every_seconds: whole(1, 600).default(5).describe("Pause between two looks."),
    ca_file: path.optional().describe("Certificates that are trusted, on the machine, for HTTPS."),
  })
  .describe("Waits until a service is healthy.");

const ScriptStep = z
  .strictObject({
    type: z.literal("script"),
    ...common,
    script: shellScript.describe(
      "Run as root. Exit code 0: done, 2: nothing was to be done, 3: failed for good, any other: worth another try. It may be run again after a crash.",
    ),
    ...repeated(60, 3),
  })
  .describe("The profile's own script.");

const PackagesStep = z
  .strictObject({
    type: z.literal("packages"),
    ...common,
    names: z
      .array(word("a package", "chrony"), { error: "expected a list of packages" })
      .prefault([])
      .describe("What is installed, with apt, dnf, zypper or apk."),
    upgrade: flag().default(false).describe("Bring all that is installed up to date first."),
    ...repeated(60, 5),
  })
  .describe("Packages of the distribution.");

const TimeStep = z
  .strictObject({ type: z.literal("time"), ...common, ...repeated(5, 3) })
  .describe("Waits until the clock is synchronised, by chrony or systemd.");

const SysctlStep = z
  .strictObject({
    type: z.literal("sysctl"),
    ...common,
    values: values("net.core.rmem_max").describe("`/etc/sysctl.d/90-bootqueue.conf`."),
    ...repeated(5, 2),
  })
  .describe("Settings of the kernel.");

const NetworkStep = z
  .strictObject({
    type: z.literal("network"),
    ...common,
    bridge: interfaceName.default("vmbr1").describe("The bridge."),
    port: interfaceName.describe("Its NIC, which nothing else may use."),
    subnet: subnet.describe("Its network. The machine has the same number in it as in its slot's network."),
    mtu: whole(1280, 65_520).default(9000).describe("Of the bridge and of its port."),
    ...repeated(5, 3),
  })
  .describe("A second network: a bridge in `/etc/network/interfaces` (ifupdown2, as on Proxmox VE).");

const NodeExporterStep = z
  .strictObject({
    type: z.literal("node-exporter"),
    ...common,
    listen: textLike("address and port", "an address and port such as :9100", /^[0-9.]*:\d{1,5}$/)
      .default(":9100")
      .describe("Where it listens."),
    ...repeated(15, 5),
  })
  .describe("The node exporter of Prometheus, from Debian's package.");

const JoinStep = z
  .strictObject({
    type: z.literal("join"),
    ...common,
    start: shellScript
      .optional()
      .describe("For a cluster of the kind `http`: starts its service when `config_file` is written."),
    config_file: path
      .default("/etc/bootqueue/cluster-config.json")
      .describe("For a cluster of the kind `http`: written before the service is started, mode 0600."),
    ca_file: path.optional().describe("Certificates that are trusted, on the machine, where members speak HTTPS."),
    minutes: whole(1, 1440).default(15).describe("How long it may take once it is its turn."),
  })
  .describe("Waits for its turn, then begins the cluster or joins it; which of the two the appliance decides.");

const RepositoriesStep = z
  .strictObject({
    type: z.literal("repositories"),
    ...common,
    mirror: httpUrl
      .default("http://download.proxmox.com/debian/pve")
      .describe("Where the repository without subscription is."),
    ...repeated(10, 5),
  })
  .describe("Proxmox VE 8 and 9: the enterprise repositories off, the one without subscription on.");

const IommuStep = z
  .strictObject({
    type: z.literal("iommu"),
    ...common,
    arguments: textLike(
      "kernel arguments",
      "kernel arguments such as iommu=pt",
      /^[A-Za-z0-9._=,:-]*( [A-Za-z0-9._=,:-]+)*$/,
    )
      .default("iommu=pt")
      .describe("More kernel arguments; Intel machines get `intel_iommu=on` as well."),
    reboot: flag().default(true).describe("Reboot afterwards, if the kernel does not run with them yet."),
    ...repeated(15, 2),
  })
  .describe("Devices for guests: IOMMU, for GRUB and systemd-boot.");

const ClusterOptionsStep = z
  .strictObject({
    type: z.literal("cluster-options"),
    ...common,
    values: values("migration").describe("As `pvesh set /cluster/options` takes them."),
    ...repeated(5, 5),
  })
  .describe("Options of the whole cluster; after `join`.");

const CephStep = z
  .strictObject({
    type: z.literal("ceph"),
    ...common,
    release: word("a release", "squid").default("squid").describe("As `pveceph install --version` takes it."),
    repository: oneOf(["no-subscription", "enterprise", "test"])
      .default("no-subscription")
      .describe("Where it is from."),
    network: subnet.describe("Its public network."),
    cluster_network: subnet.optional().describe("For copies between disks. Left out: the public one."),
    monitors: whole(1, 9).default(3).describe("How many hosts of the cluster get a monitor."),
    managers: whole(1, 9).default(2).describe("How many get a manager."),
    disks: z
      .array(disk, { error: "expected a list of disks" })
      .prefault([])
      .describe("Each one becomes an OSD. **Named one by one; none is ever guessed.**"),
    wipe: flag().default(false).describe("true: a disk that is not empty **is wiped**; false: the step fails."),
    ...repeated(60, 2),
  })
  .describe("Ceph on Proxmox VE; after `join`.");

const LINUX = [
  HealthStep,
  ScriptStep,
  PackagesStep,
  TimeStep,
  SysctlStep,
  NetworkStep,
  NodeExporterStep,
  JoinStep,
] as const;

const PROXMOX = [...LINUX, RepositoriesStep, IommuStep, ClusterOptionsStep, CephStep] as const;

const LinuxStep = z.discriminatedUnion("type", LINUX, { error: choice(LINUX) });
const ProxmoxStep = z.discriminatedUnion("type", PROXMOX, { error: choice(PROXMOX) });

const list = { error: "expected a list of steps: [[first_boot.steps]]" };

/** For kinds that install a Linux with systemd or OpenRC. */
export const linuxSteps = z
  .array(LinuxStep, list)
  .max(50, { error: "expected at most 50 steps" })
  .prefault([])
  .describe("What is done at the first boot, in this order.");

export const proxmoxSteps = z
  .array(ProxmoxStep, list)
  .max(50, { error: "expected at most 50 steps" })
  .prefault([])
  .describe("What is done at the first boot, in this order.");

export type FirstBootStep = z.infer<typeof ProxmoxStep>;

/** What a profile says of its first boot; kinds may say more. */
export interface FirstBootSettings {
  readonly steps: readonly FirstBootStep[];
}

function choice(members: readonly { readonly shape: { readonly type: z.ZodLiteral<string> } }[]): string {
  return `expected a step with a type of ${members.map(({ shape }) => shape.type.value).join(", ")}`;
}
