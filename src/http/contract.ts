import { z } from "zod";

/** An instant as every answer writes it: ISO 8601 in UTC. */
const instant = z.iso.datetime().describe("ISO 8601, UTC.");

/** Every state a host may be in, in the order of its life. */
export const HostStateName = z.enum([
  "discovered",
  "registered",
  "pxe_ready",
  "pxe_booted",
  "installing",
  "installed",
  "first_boot",
  "joining",
  "ready",
  "failed",
]);
export type HostStateName = z.infer<typeof HostStateName>;

/** Every state a slot may be in. */
export const SlotStateName = z.enum(["available", "reserved", "held", "assigned", "skipped"]);
export type SlotStateName = z.infer<typeof SlotStateName>;

/** HTTPS for machines. */
export const TlsView = z.object({
  fingerprint: z.string().describe("SHA-256 of the certificate in use."),
  expires: instant,
  kept: z
    .array(z.object({ fingerprint: z.string(), replaced: instant, hosts: z.array(z.string()) }))
    .describe("Certificates before it, which hosts whose install began with them still meet until it ends."),
});
export type TlsView = z.infer<typeof TlsView>;

export const TlsRotated = z.object({ message: z.string(), tls: TlsView });
export type TlsRotated = z.infer<typeof TlsRotated>;

/** `GET /api/status`: how the appliance is, in one look. */
export const StatusView = z.object({
  version: z.string(),
  mode: z.string().describe("How DHCP is served: `authoritative`, or `proxy` beside another server."),
  startedAt: instant,
  uptimeSeconds: z.int(),
  paused: z.boolean().describe("true: no unknown host takes a slot."),
  slots: z.record(SlotStateName, z.int()).describe("How many slots are in each state."),
  hosts: z.record(HostStateName, z.int()).describe("How many hosts are in each state."),
  warnings: z.array(z.string()).describe("What a person should look at, in words; empty when all is well."),
  tls: TlsView.nullable().describe("null: machines are served plain HTTP only."),
  listen: z.array(z.object({ what: z.string(), address: z.string() })).describe("Where the daemon listens."),
});
export type StatusView = z.infer<typeof StatusView>;

const ReservationView = z.discriminatedUnion("type", [
  z.object({ type: z.literal("mac"), mac: z.string() }),
  z.object({ type: z.literal("port"), port: z.string().describe("Switch port: remote id, slash, circuit id.") }),
  z.object({ type: z.literal("server-type"), serverType: z.string() }),
]);

/** A place in the line. */
export const SlotView = z.object({
  number: z.int().describe("Its place in the configuration, from 1."),
  address: z.string(),
  hostname: z.string(),
  profile: z.string(),
  labels: z.array(z.string()).describe("The groups it belongs to."),
  reservation: ReservationView.nullable().describe("null: for whoever comes first."),
  state: SlotStateName,
  since: instant.nullable().describe("null: available and reserved slots do not remember since when."),
  until: instant.nullable().describe("When a hold ends; null: it is not held."),
  reason: z.string().describe("Why it is skipped; else empty."),
  host: z.string().nullable().describe("The id of the host that has it."),
  holder: z.string().nullable().describe("The hardware address it is held for or that its host boots from."),
  declared: z.boolean().describe("false: gone from the configuration, kept because a host still has it."),
});
export type SlotView = z.infer<typeof SlotView>;

/** An address of the pool that is or was somebody's. */
export const LeaseView = z.object({
  address: z.string(),
  mac: z.string().describe("Whose it is, or was last."),
  state: z
    .enum(["bound", "expired", "released", "in-conflict"])
    .describe("`in-conflict`: somebody else was found at the address."),
  since: instant.nullable().describe("Since when it has the address without a break; null: it has it no more."),
  until: instant
    .nullable()
    .describe("When the lease, or the rest for an address in conflict, ends; null: it was given back."),
});
export type LeaseView = z.infer<typeof LeaseView>;

export const LeasesView = z.object({
  pool: z
    .object({ first: z.string(), last: z.string(), size: z.int(), free: z.int() })
    .nullable()
    .describe("null: the configuration has no pool."),
  leases: z.array(LeaseView).describe("In the order of their addresses."),
});
export type LeasesView = z.infer<typeof LeasesView>;

const PassageView = z.object({ state: HostStateName, at: instant, reason: z.string() });

/** A physical machine, as lists show it. */
export const HostView = z.object({
  id: z.string().describe("The first hardware address it was known by, with hyphens."),
  uuid: z.string().nullable().describe("From SMBIOS; null: the firmware has none that names it."),
  macs: z.array(z.string()),
  bootMac: z.string(),
  serverType: z.string().nullable(),
  byOperator: z.boolean().describe("true: an operator registered it, so a reset keeps it."),
  dhcp: z
    .enum(["full", "proxy", "ignore"])
    .nullable()
    .describe("How DHCP serves it; null: as the configuration says for all."),
  slot: z
    .object({
      number: z.int(),
      address: z.string(),
      hostname: z.string(),
      profile: z.string(),
      labels: z.array(z.string()).describe("The groups it belongs to."),
    })
    .nullable()
    .describe("null: it has none."),
  state: HostStateName,
  since: instant,
  deadline: instant.nullable().describe("When its time in this state is over; null: no limit."),
  reason: z.string().describe("Why it waits or failed; else empty."),
  approved: z.boolean().describe("true: it waits, and may take the next slot."),
  hold: z
    .object({
      since: instant,
      changes: z.string().describe("What is not as it was, from what to what."),
    })
    .nullable()
    .describe("Another machine asks in its name, and nothing is served until it is approved; null: none does."),
  attempts: z.int().describe("Answer files served for the install that is or was armed."),
  passages: z.array(PassageView).describe("How it came to where it is, oldest first."),
});
export type HostView = z.infer<typeof HostView>;

/** What an installer reported of the machine it ran on. */
export const InventoryView = z.object({
  system: z.string().nullable(),
  fqdn: z.string().nullable(),
  kernel: z.string().nullable(),
  bootMode: z.enum(["bios", "efi"]).nullable(),
  secureBoot: z.boolean(),
  filesystem: z.string().nullable(),
  machineId: z.string().nullable(),
  cpu: z.object({ model: z.string(), sockets: z.int(), cores: z.int(), cpus: z.int() }).nullable(),
  board: z.object({
    product: z.string().nullable(),
    serial: z.string().nullable(),
    boardSerial: z.string().nullable(),
  }),
  disks: z.array(
    z.object({
      device: z.string().nullable(),
      model: z.string().nullable(),
      serial: z.string().nullable(),
      sizeBytes: z.int().nullable(),
      isBootDisk: z.boolean(),
    }),
  ),
  nics: z.array(
    z.object({
      name: z.string().nullable(),
      mac: z.string(),
      address: z.string().nullable(),
      isManagement: z.boolean(),
    }),
  ),
  sshHostKeys: z.record(z.string(), z.string()).describe("Public keys of the installed system, by type."),
});
export type InventoryView = z.infer<typeof InventoryView>;

/** One install of a host, with its steps. */
export const OperationView = z.object({
  id: z.int().describe("Counts up within the host, from 1."),
  state: z
    .enum(["running", "succeeded", "failed", "given-up"])
    .describe("`given-up`: another install took its place, or the host gave its slot back."),
  startedAt: instant,
  endedAt: instant.nullable().describe("null: it is running."),
  reason: z.string().describe("Why it ended so, or why it was started; may be empty."),
  steps: z
    .array(
      z.object({
        name: z.string(),
        state: z.enum(["running", "succeeded", "failed", "skipped"]),
        startedAt: instant,
        endedAt: instant.nullable(),
        notes: z.array(z.object({ at: instant, text: z.string() })).describe("What was reported of it, oldest first."),
      }),
    )
    .describe("Oldest first."),
});
export type OperationView = z.infer<typeof OperationView>;

/** One thing that a host did, or that was done or not done for it, and why. */
export const FootprintView = z.object({
  at: instant,
  last: instant.describe("When the newest was, if it stands for several of a kind."),
  count: z.int().describe("How many it stands for."),
  mac: z.string().nullable().describe("null: nobody can say whose it was."),
  road: z.enum(["dhcp", "tftp", "http", "queue", "operator", "daemon"]),
  outcome: z.enum(["answered", "dropped", "noted"]),
  what: z.string(),
  why: z.string(),
  fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
export type FootprintView = z.infer<typeof FootprintView>;

/** `GET /api/hosts/{ref}`: everything known of one machine. */
export const HostDetailView = HostView.extend({
  inventory: InventoryView.nullable().describe("null: no install has reported yet."),
  operations: z.array(OperationView).describe("Its installs, oldest first."),
  footprints: z.array(FootprintView).describe("Its timeline, oldest first."),
  story: z.string().describe("Where it stands and what it waits for, in words."),
  answerPreview: z.string().nullable().describe("Its answer file with every secret masked; null: there is none now."),
  machineType: z
    .object({ name: z.string(), displayName: z.string().nullable(), gpu: z.string().describe("Empty: none.") })
    .nullable()
    .describe("The server type that it is of; null: none that the configuration describes."),
  power: z
    .enum(["redfish", "ipmi", "wake-on-lan"])
    .nullable()
    .describe("How its power is switched; null: by hand only."),
});
export type HostDetailView = z.infer<typeof HostDetailView>;

/** A host that a rebuild of several would install again, or would leave out. */
export const RebuildPlanRow = z.object({
  host: HostView,
  disks: z
    .array(z.object({ device: z.string().nullable(), model: z.string().nullable(), serial: z.string().nullable() }))
    .nullable()
    .describe("What would be wiped, as its last install reported; null: unknown."),
  hindrance: z.string().describe("Why it cannot be rebuilt now; empty: it can."),
});
export type RebuildPlanRow = z.infer<typeof RebuildPlanRow>;

/** `GET /api/rebuilds/plan`: whom it would concern; nothing is done yet. */
export const RebuildPlanView = z.object({ hosts: z.array(RebuildPlanRow).describe("In the order of their slots.") });
export type RebuildPlanView = z.infer<typeof RebuildPlanView>;

/** `GET /api/rebuilds`: the rebuild of several hosts that is under way, or the last one. */
export const RebuildsView = z.object({
  rebuilds: z
    .object({
      startedAt: instant,
      parallel: z.int().describe("How many are armed at one time."),
      keepGoing: z.boolean().describe("true: one that fails does not keep the others from their turn."),
      stopped: z.string().nullable().describe("Why no further host is armed; null: they are."),
      underWay: z.boolean().describe("true: somebody is being installed, or will be."),
      members: z
        .array(
          z.object({
            host: z.string(),
            name: z.string(),
            state: z.enum(["waiting", "running", "succeeded", "failed", "left-out"]),
            hostState: HostStateName.nullable().describe("Of the host itself; null: it was forgotten."),
            reason: z.string(),
          }),
        )
        .describe("In the order in which they get their turn."),
    })
    .nullable()
    .describe("null: there was none yet."),
});
export type RebuildsView = z.infer<typeof RebuildsView>;

/** `GET /api/registrations`: who was told of which host. */
export const RegistrationsView = z.object({
  registrations: z.array(
    z.object({
      registration: z.string().describe("As the configuration calls it."),
      host: z.string(),
      state: z
        .enum(["waiting", "done", "dead"])
        .describe("`waiting`: for its next attempt. `dead`: given up, until `POST /api/registrations/retry`."),
      attempts: z.int().nullable().describe("Failed ones; null: it is done."),
      at: instant.describe("When it was done or given up, or the next attempt."),
      words: z.string().describe("What was done, or why not."),
    }),
  ),
});
export type RegistrationsView = z.infer<typeof RegistrationsView>;

/** `GET /api/hosts/{ref}/power`: what the machine's BMC says of it, asked now. */
export const PowerView = z.object({
  type: z.enum(["redfish", "ipmi", "wake-on-lan"]).describe("How its power is switched."),
  state: z.enum(["on", "off", "changing", "unknown"]),
  health: z.enum(["ok", "warning", "critical"]).nullable().describe("null: the BMC does not say."),
  facts: z.array(z.object({ name: z.string(), value: z.string() })).describe("What else it says."),
});
export type PowerView = z.infer<typeof PowerView>;

/** What a change of power answers when it is done. */
export const PowerDone = z.object({
  message: z.string(),
  isSure: z.boolean().describe("false: nobody can tell whether it had an effect (Wake-on-LAN)."),
});
export type PowerDone = z.infer<typeof PowerDone>;

/** `GET /api/hosts/{ref}/answer`: what the host's installer would get. */
export const AnswerView = z.object({
  profile: z.string(),
  serverType: z.string().nullable().describe("null: it is of none that the configuration describes."),
  armed: z.boolean().describe("false: no install is armed, so a word stands in it where the token will be."),
  masked: z.boolean().describe("true: secrets are replaced by (hidden)."),
  contentType: z.string(),
  text: z.string(),
  lines: z
    .array(z.object({ text: z.string(), from: z.string().nullable() }))
    .nullable()
    .describe("The masked answer with where each value comes from; null: of this kind of answer nobody can tell."),
  settings: z
    .array(z.object({ path: z.string(), value: z.string(), from: z.string(), file: z.string() }))
    .describe("Every setting it is made of, and where it stands. Secrets are not shown."),
});
export type AnswerView = z.infer<typeof AnswerView>;

export const SlotsView = z.object({ slots: z.array(SlotView) });
export type SlotsView = z.infer<typeof SlotsView>;

export const HostsView = z.object({ hosts: z.array(HostView) });
export type HostsView = z.infer<typeof HostsView>;

export const TimelineView = z.object({ footprints: z.array(FootprintView).describe("Oldest first.") });
export type TimelineView = z.infer<typeof TimelineView>;

/** What Prometheus' HTTP service discovery wants: the whole list, each time. */
export const TargetsView = z.array(
  z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.string()) }),
);
export type TargetsView = z.infer<typeof TargetsView>;

/** What every change answers when it is done, or was done before. */
export const OrderDone = z.object({
  done: z.boolean().describe("false: it was so already; nothing changed."),
  message: z.string(),
  host: HostView.nullable().describe("The host as it is now; null: none, or forgotten."),
  slot: SlotView.nullable(),
});
export type OrderDone = z.infer<typeof OrderDone>;

/** What every route answers that does not do what it was asked. */
export const ApiError = z.object({
  error: z.string().describe("What is wrong."),
  hint: z.string().describe("What to do about it; may be empty."),
  reason: z.string().optional().describe("The queue's name for a refusal, with status 409."),
});
export type ApiError = z.infer<typeof ApiError>;

/** The data of a `state` event on `/api/events`. */
export const StateChange = z.object({
  complete: z.boolean().describe("true: this is everything; false: only what changed since the event before."),
  paused: z.boolean(),
  slots: z.array(SlotView),
  hosts: z.array(HostView),
  gone: z.array(z.string()).describe("Ids of hosts that were forgotten."),
});
export type StateChange = z.infer<typeof StateChange>;

export const OperatorTokenView = z.object({
  token: z.string().describe("Shown this once; only its SHA-256 is kept. The token before it is void."),
});
export type OperatorTokenView = z.infer<typeof OperatorTokenView>;
