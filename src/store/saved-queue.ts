import { z } from "zod";
import type { Attempt, Host, HostState, HostStateType } from "../queue/host.ts";
import type { Identity } from "../queue/identity.ts";
import type { Inventory } from "../queue/inventory.ts";
import type { Operation } from "../queue/operation.ts";
import type { RebuildSet } from "../queue/rebuild-set.ts";
import type { Slot } from "../queue/slot.ts";
import type { SavedQueue, SavedSlot } from "./format.ts";

// Only canonical forms: the rest of the program compares with `===`, and another spelling means that somebody else
// wrote it. The brands are applied here because this is where text from outside becomes a value.
const mac = pattern<Host["bootMac"]>(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, "a hardware address such as 52:54:00:ab:cd:ef");
const hostId = pattern<Host["id"]>(/^[0-9a-f]{2}(-[0-9a-f]{2}){5}$/, "a host such as 52-54-00-ab-cd-ef");
const uuid = pattern<NonNullable<Host["uuid"]>>(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "an SMBIOS UUID");
const dottedDecimal = /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}$/;
const address = pattern<Slot["address"]>(dottedDecimal, "an IPv4 address");
const slotId = pattern<Slot["id"]>(dottedDecimal, "a slot such as 10.11.0.2");
const hostname = pattern<Slot["hostname"]>(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "a hostname");
const profile = pattern<Slot["profile"]>(/^.+$/, "the name of a profile");
const port = pattern<Extract<NonNullable<Slot["reservation"]>, { type: "port" }>["port"]>(/^[!-~]*\/[!-~]+$/, "a port");
const token = pattern<NonNullable<Host["attempt"]>["token"]>(/^.+$/, "a token");
const instant = z.int().min(0) as unknown as z.ZodType<HostState["since"]>;
const text = z.string();
const count = z.int().min(0);

const slotState = exactly<SavedSlot["state"]>()(
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("available") }),
    z.strictObject({ type: z.literal("reserved") }),
    z.strictObject({ type: z.literal("assigned"), host: hostId, since: instant }),
    z.strictObject({
      type: z.literal("skipped"),
      since: instant,
      reason: text,
      conflict: z
        .discriminatedUnion("type", [
          z.strictObject({ type: z.literal("declined") }),
          z.strictObject({ type: z.literal("in-use"), mac }),
        ])
        .nullable(),
      waitsForName: z.literal(true).exactOptional(),
    }),
  ]),
);

const slot = exactly<SavedSlot>()(
  z.strictObject({
    id: slotId,
    address,
    hostname,
    profile,
    labels: z.array(text).readonly(),
    reservation: z
      .discriminatedUnion("type", [
        z.strictObject({ type: z.literal("mac"), mac }),
        z.strictObject({ type: z.literal("port"), port }),
        z.strictObject({ type: z.literal("server-type"), serverType: text }),
      ])
      .nullable(),
    boardSerial: text.nullable(),
    diskSerials: z.array(text).readonly(),
    state: slotState,
    declared: z.boolean(),
  }),
);

const HOST_STATES: Readonly<Record<HostStateType, true>> = {
  discovered: true,
  registered: true,
  pxe_ready: true,
  pxe_booted: true,
  installing: true,
  installed: true,
  first_boot: true,
  joining: true,
  ready: true,
  failed: true,
};

// The compiler keeps the table complete: a key is a state, and every state is a key.
const hostStateType = z.enum(Object.keys(HOST_STATES) as HostStateType[]);

const hostState = exactly<HostState>()(
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("discovered"), since: instant, reason: text, approved: z.boolean() }),
    z.strictObject({ type: z.literal("registered"), since: instant }),
    z.strictObject({ type: z.literal("pxe_ready"), since: instant, deadline: instant, requested: z.boolean() }),
    z.strictObject({ type: z.literal("pxe_booted"), since: instant, deadline: instant }),
    z.strictObject({ type: z.literal("installing"), since: instant, deadline: instant }),
    z.strictObject({ type: z.literal("installed"), since: instant, deadline: instant.nullable() }),
    z.strictObject({ type: z.literal("first_boot"), since: instant, deadline: instant.nullable() }),
    z.strictObject({ type: z.literal("joining"), since: instant, deadline: instant }),
    z.strictObject({ type: z.literal("ready"), since: instant }),
    z.strictObject({ type: z.literal("failed"), since: instant, reason: text, from: hostStateType }),
  ]),
);

const inventory = exactly<Inventory>()(
  z.strictObject({
    system: text.nullable(),
    fqdn: text.nullable(),
    kernel: text.nullable(),
    bootMode: z.enum(["bios", "efi"]).nullable(),
    secureBoot: z.boolean(),
    filesystem: text.nullable(),
    machineId: text.nullable(),
    cpu: z.strictObject({ model: text, sockets: z.number(), cores: z.number(), cpus: z.number() }).nullable(),
    board: z.strictObject({ product: text.nullable(), serial: text.nullable(), boardSerial: text.nullable() }),
    disks: z
      .array(
        z.strictObject({
          device: text.nullable(),
          model: text.nullable(),
          serial: text.nullable(),
          sizeBytes: z.number().nullable(),
          isBootDisk: z.boolean(),
        }),
      )
      .readonly(),
    nics: z
      .array(z.strictObject({ name: text.nullable(), mac, address: text.nullable(), isManagement: z.boolean() }))
      .readonly(),
    sshHostKeys: z.record(text, text),
  }),
);

const identity = exactly<Identity>()(
  z.strictObject({
    uuid: uuid.nullable(),
    serial: text.nullable(),
    boardSerial: text.nullable(),
    nics: z.array(mac).readonly().nullable(),
  }),
);

const attempt = exactly<Attempt>()(
  z.strictObject({
    token,
    answers: count,
    armedAt: instant,
    approved: identity.nullable(),
    power: z
      .strictObject({ step: z.enum(["wanted", "switching", "switched", "failed"]), isForStuck: z.boolean() })
      .nullable(),
  }),
);

const stepOutcome = z.enum(["succeeded", "failed", "skipped"]);

const operation = exactly<Operation>()(
  z.strictObject({
    id: z.int().min(1),
    startedAt: instant,
    reason: text,
    ended: z
      .strictObject({ at: instant, outcome: z.enum(["succeeded", "failed", "given-up"]), reason: text })
      .nullable(),
    steps: z
      .array(
        z.strictObject({
          name: text,
          startedAt: instant,
          ended: z.strictObject({ at: instant, outcome: stepOutcome }).nullable(),
          notes: z.array(z.strictObject({ at: instant, text })).readonly(),
        }),
      )
      .readonly(),
  }),
);

const host = exactly<Host>()(
  z.strictObject({
    id: hostId,
    uuid: uuid.nullable(),
    macs: z.array(mac).min(1).readonly(),
    bootMac: mac,
    serverType: text.nullable(),
    byOperator: z.boolean(),
    dhcp: z.enum(["full", "proxy", "ignore"]).nullable(),
    slot: slotId.nullable(),
    state: hostState,
    attempt: attempt.nullable(),
    inventory: inventory.nullable(),
    identity: identity.nullable(),
    hold: z.strictObject({ since: instant, was: identity, seen: identity }).nullable(),
    founding: z.strictObject({ cluster: text, at: instant }).nullable(),
    passages: z.array(z.strictObject({ state: hostStateType, at: instant, reason: text })).readonly(),
    operations: z.array(operation).readonly(),
  }),
);

const rebuilds = exactly<RebuildSet>()(
  z.strictObject({
    startedAt: instant,
    parallel: z.int().min(1),
    keepGoing: z.boolean(),
    stopped: text.nullable(),
    members: z
      .array(
        z.strictObject({
          host: hostId,
          state: z.discriminatedUnion("type", [
            z.strictObject({ type: z.literal("waiting"), token }),
            z.strictObject({ type: z.literal("running"), token }),
            z.strictObject({ type: z.literal("succeeded") }),
            z.strictObject({ type: z.literal("failed"), reason: text }),
            z.strictObject({ type: z.literal("left-out"), reason: text }),
          ]),
        }),
      )
      .readonly(),
  }),
);

/** The shape of the file's content; what its parts say of each other is looked at in `contradictions.ts`. */
export const savedQueue = exactly<SavedQueue>()(
  z.strictObject({
    version: z.literal(4),
    paused: z.boolean(),
    rebuilds: rebuilds.nullable(),
    slots: z.array(slot).readonly(),
    hosts: z.array(host).readonly(),
  }),
);

/** The schema as it is, when it lets through all of `T` and nothing else: a new state that it lacks does not compile. */
function exactly<T>() {
  return <S extends z.ZodType<T>>(schema: [T] extends [z.output<S>] ? S : never): z.ZodType<T> => schema;
}

function pattern<T extends string>(form: RegExp, what: string): z.ZodType<T> {
  return z.string().regex(form, `expected ${what}`) as unknown as z.ZodType<T>;
}
