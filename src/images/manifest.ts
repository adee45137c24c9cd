import { z } from "zod";
import { checkDocument } from "../std/check-document.ts";
import { textLike } from "../std/field.ts";
import { formatProblem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";

/** The file in each image's folder that says what lies there. Without it the folder is no image. */
export const MANIFEST_FILE = "manifest.json";

const SCHEMA = 1;

/** What an image is called, on the command line and in profiles. */
export const IMAGE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/;

const sha256 = textLike("SHA-256", "a SHA-256 of 64 lower-case hexadecimal digits", /^[0-9a-f]{64}$/);
const sizeBytes = z.int().min(0);

/** What a file of an image is for: the boot loader's, or one that an installer fetches by itself. */
export const FILE_ROLES = ["kernel", "initrd", "iso", "modloop", "treeinfo", "stage2"] as const;

const ImageFile = z.strictObject({
  role: z.enum(FILE_ROLES),
  /** Relative to the image's folder, in characters that need no quoting in an address. */
  path: textLike("path", "a relative path", /^(?!(.*\/)?\.{1,2}(\/|$))[A-Za-z0-9._+-]+(\/[A-Za-z0-9._+-]+)*$/),
  /** Name inside the initramfs. */
  as: textLike("name", "a file name", /^[A-Za-z0-9._-]+$/).optional(),
  sizeBytes,
  sha256,
});

export const ImageManifest = z.strictObject({
  schema: z.literal(SCHEMA),
  name: textLike("name", "the name of an image", IMAGE_NAME),
  /** `proxmox-ve`; `other` where nobody knows. */
  product: textLike("product", "the name of a product", /^[a-z0-9][a-z0-9-]*$/),
  /** Empty where nobody knows. */
  release: textLike("release", "a release", /^[A-Za-z0-9._+-]{0,40}$/),
  /** For people: `Proxmox VE 9.2-1`. */
  title: z.string(),
  /** null: it can be installed unattended; else why not. */
  attended: z.string().nullable(),
  /** Main memory that a machine needs to boot it; a good estimate. */
  memoryMib: z.int().min(1),
  /** ISO 8601, in UTC. */
  addedAt: z.string(),
  /** The ISO as it was given. Its SHA-256 is the name of the folder. */
  source: z.strictObject({ file: z.string(), sizeBytes, sha256 }),
  files: z.array(ImageFile).min(1),
});

export type ImageFile = z.infer<typeof ImageFile>;
export type ImageManifest = z.infer<typeof ImageManifest>;

/** What is wrong with it, in one line; a manifest of another version says so. */
export function parseManifest(text: string): Result<ImageManifest, string> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return err("it is not JSON");
  }
  const schema =
    typeof document === "object" && document !== null && "schema" in document ? document.schema : undefined;
  if (typeof schema === "number" && schema !== SCHEMA)
    return err(`expected version ${SCHEMA} of its schema, found ${schema}: another bootqueue made it`);
  const checked = checkDocument<ImageManifest>(ImageManifest, document);
  return checked.ok ? ok(checked.value) : err(checked.error.map(formatProblem).join("; "));
}

export function formatManifest(manifest: ImageManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
