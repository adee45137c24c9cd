import { z } from "zod";

// What operators send along with a change; what they are answered stands in contract.ts.

/** As JSON or a form has it. */
const flag = z.union([
  z.boolean(),
  z.enum(["true", "on"]).transform(() => true),
  z.literal("false").transform(() => false),
]);

export const RegisterBody = z.strictObject({
  mac: z.string().describe("With colons, hyphens, dots or nothing between the octets."),
  uuid: z.string().optional().describe("From SMBIOS, so that its other network cards are known for its own."),
  serverType: z.string().min(1).max(64).optional(),
  slot: z.string().optional().describe("Number, address or hostname of the slot that is kept for it."),
});
export type RegisterBody = z.infer<typeof RegisterBody>;

export const ResetBody = z.strictObject({
  evenInstalled: flag
    .default(false)
    .describe("Also a host that is installed, and that would be installed again when it next boots from the network."),
  forget: flag
    .default(false)
    .describe("Also its registration: it is unknown then, and takes a slot when it next boots from the network."),
});

export const ModeBody = z.strictObject({
  mode: z
    .enum(["full", "proxy", "ignore", "default"])
    .describe(
      "`full`: address and boot file. `proxy`: the boot file alone, beside another DHCP server. `ignore`: silence, whatever its state. `default`: as the configuration says.",
    ),
});

export const SkipBody = z.strictObject({
  reason: z.string().max(200).default("").describe("Shown beside the slot."),
});

export const RebuildBody = z.strictObject({
  byHand: flag.default(false).describe("Arm it only: do not restart it, although its power can be switched."),
});

export const RebuildsBody = z.strictObject({
  hosts: z.array(z.string()).min(1).max(4096).describe("As `host` in the plan, in the order of their turns."),
  parallel: z.int().min(1).max(500).default(1).describe("How many are armed at one time."),
  keepGoing: z.boolean().default(false).describe("Go on with the others when one fails."),
});
export type RebuildsBody = z.infer<typeof RebuildsBody>;

export const PowerBody = z.strictObject({
  action: z
    .enum(["on", "off", "cycle", "pxe"])
    .describe(
      "`off`: its system is asked to shut down first. `cycle`: restart at once, or switch on. `pxe`: its next boot, and only that one, is from the network.",
    ),
  now: flag.default(false).describe("With `off`: at once."),
  force: flag.default(false).describe("Also while it is being installed."),
});

/** Both or neither. */
export const TlsRotateBody = z.strictObject({
  key: z.string().max(20_000).optional().describe("Your own private key in PEM form. Left out: a new pair is made."),
  certificate: z.string().max(40_000).optional().describe("Its certificate in PEM form."),
});
export type TlsRotateBody = z.infer<typeof TlsRotateBody>;

export const LoginBody = z.strictObject({ token: z.string().max(200).describe("As `bootqueue token` printed it.") });

/** Of an order that takes nothing but its address. */
export const EmptyBody = z.strictObject({});
