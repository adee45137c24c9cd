import { z } from "zod";
import { oneOf, textLike, whole } from "../std/field.ts";
import { placeholderWords } from "./ipxe-placeholders.ts";
import { assetPath } from "./proxmox-fields.ts";
import { httpUrl } from "./system-fields.ts";

/** What a profile of the kind `ipxe` may say besides `kind`; the rules between these are in `ipxe.ts`. */

const WANTED = "a file below assets/ such as memtest/mt86plus, or an http or https address";

/** A file below `assets/`, or the address of one elsewhere. */
const fileOrUrl = z.string({ error: `expected ${WANTED}` }).check(({ value, issues }) => {
  const isFile = assetPath.safeParse(value).success || httpUrl.safeParse(value).success;
  if (!isFile) issues.push({ code: "custom", message: `expected ${WANTED}`, input: value });
});

const initrd = z.union(
  [
    fileOrUrl,
    z.strictObject({
      file: fileOrUrl.describe("The file."),
      as: textLike("name", "a file name such as config.tar", /^[A-Za-z0-9._-]{1,100}$/).describe(
        "Its name inside the initramfs.",
      ),
    }),
  ],
  { error: `expected ${WANTED}, or { file, as } with its name inside the initramfs` },
);

const flag = z.boolean({ error: "expected true or false" });

export const IpxeSettings = z.strictObject({
  image: assetPath
    .optional()
    .describe(
      "The image whose kernel and initrd are loaded, as `bootqueue image list` names it, or its product: then the newest.",
    ),
  kernel: fileOrUrl
    .meta({ "x-type": "file or address" })
    .optional()
    .describe("Instead: the kernel, or what boots like one (memtest). A file below `assets/`, or an address."),
  initrds: z
    .array(initrd, { error: "expected a list of files" })
    .prefault([])
    .meta({ "x-type": "list of files, addresses or `{ file, as }`" })
    .describe(
      "Loaded after those of the image, in this order. With `as`, the file lies under that name in the initramfs.",
    ),
  kernel_args: textLike(
    "kernel arguments",
    "kernel arguments of letters, digits, . _ , : = / @ + % ; ? ~ - and placeholders in braces; no quotes, $ or &",
    /^(?!(.* )?;( |$))[A-Za-z0-9._,:=/@+%;?~{} -]*$/,
  )
    .default("")
    .describe(`Arguments of the kernel. Filled in for each machine: ${placeholderWords()}.`),
  purpose: oneOf(["install", "live"])
    .default("install")
    .describe(
      "`install`: what is booted wipes the disk and reports its end to `{installed}`; an attempt counts from the boot script on. `live`: nothing is installed, and the machine is ready at once.",
    ),
  boots: z
    .union([whole(1, 100), z.literal("always")], { error: 'expected a whole number from 1 to 100, or "always"' })
    .default(1)
    .describe('With `purpose = "live"`: how often it boots this until it is left to its own disk.'),
  phone_home: flag
    .default(false)
    .describe("The machine is ready only when the installed system has called `{phone_home}`."),
  uses_dhcp: flag
    .default(true)
    .describe("Whether the installed or live system asks DHCP for its address, and so goes on getting the slot's."),
});

export type IpxeSettings = z.infer<typeof IpxeSettings>;
