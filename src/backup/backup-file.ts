import { createHash } from "node:crypto";
import { z } from "zod";
import { checkDocument } from "../std/check-document.ts";
import { textLike } from "../std/field.ts";
import { formatProblem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import { readTarGz, tarGz } from "../std/tar-gz.ts";

/** One file of a backup. */
export interface BackedUpFile {
  /** Inside the archive: `state/state.json`. */
  readonly path: string;
  /** Where it was. */
  readonly original: string;
  /** Permissions: `0o600`. */
  readonly mode: number;
  /** true: it belonged to the user that runs the daemon. */
  readonly isDaemons: boolean;
  readonly content: Uint8Array;
}

/** An image that was there. It is not in the backup: its ISO is. */
export interface NotedImage {
  readonly name: string;
  readonly title: string;
  /** Of the ISO. */
  readonly sha256: string;
}

export interface Backup {
  /** Of the bootqueue that made it. */
  readonly program: string;
  /** Name of the machine that it was made on. */
  readonly host: string;
  /** ISO 8601, in UTC. */
  readonly madeAt: string;
  readonly files: readonly BackedUpFile[];
  readonly images: readonly NotedImage[];
}

/** The archive: a tar file, compressed, whose first file says what the others are, with their checksums. */
export function packBackup({ program, host, madeAt, files, images }: Backup): Uint8Array {
  const manifest: z.infer<typeof Manifest> = {
    format: FORMAT,
    version: VERSION,
    program,
    host,
    madeAt,
    files: files.map(({ content, ...file }) => ({ ...file, sizeBytes: content.length, sha256: sha256Of(content) })),
    images: [...images],
  };
  const size = files.reduce((sum, { content }) => sum + content.length, 0);
  if (size > SIZE_MAX / 2) throw new RangeError(`a backup of ${size} octets: expected at most ${SIZE_MAX / 2}`);
  return tarGz([
    { path: MANIFEST_NAME, mode: 0o600, content: `${JSON.stringify(manifest, null, 2)}\n` },
    ...files.map(({ path, mode, content }) => ({ path, mode, content })),
  ]);
}

/** Everything in it is whole, or nothing is handed out. The error says what was found, to follow "expected …". */
export function unpackBackup(bytes: Uint8Array): Result<Backup, string> {
  const archive = readTarGz(bytes, SIZE_MAX);
  if (!archive.ok) return archive;
  const [first, ...rest] = archive.value;
  if (first?.path !== MANIFEST_NAME) return err(`no ${MANIFEST_NAME} as its first file`);
  const manifest = readManifest(first.content);
  if (!manifest.ok) return err(`in its ${MANIFEST_NAME} ${manifest.error}`);
  const { program, host, madeAt, images } = manifest.value;
  const contents = new Map(rest.map(({ path, content }) => [path, content]));
  const files: BackedUpFile[] = [];
  for (const { sha256, sizeBytes, ...file } of manifest.value.files) {
    const content = contents.get(file.path);
    if (content === undefined) return err(`no ${file.path}, although its ${MANIFEST_NAME} lists it, or twice`);
    contents.delete(file.path);
    const isWhole = content.length === sizeBytes && sha256Of(content) === sha256;
    if (!isWhole) return err(`${file.path} with another content than its checksum says`);
    files.push({ ...file, content });
  }
  const [stray] = contents.keys();
  return stray === undefined
    ? ok({ program, host, madeAt, images, files })
    : err(`${JSON.stringify(stray)}, which its ${MANIFEST_NAME} does not list`);
}

const FORMAT = "bootqueue-backup";
const VERSION = 1;
const MANIFEST_NAME = "backup.json";
/** Of an archive, unpacked. Most of it is the timeline, which is at most 80 MiB. */
const SIZE_MAX = 512 << 20;

const sha256 = textLike("SHA-256", "a SHA-256 of 64 lower-case hexadecimal digits", /^[0-9a-f]{64}$/);

const Manifest = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  program: z.string(),
  host: z.string(),
  madeAt: textLike("time", "a time in UTC", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  files: z.array(
    z.strictObject({
      path: z.string(),
      original: textLike("path", "an absolute path", /^\//),
      mode: z.int().min(0).max(0o777),
      isDaemons: z.boolean(),
      sizeBytes: z.int().min(0),
      sha256,
    }),
  ),
  images: z.array(z.strictObject({ name: z.string(), title: z.string(), sha256 })),
});

function readManifest(bytes: Buffer): Result<z.infer<typeof Manifest>, string> {
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString("utf8"));
  } catch {
    return err("text that is not JSON");
  }
  const { format, version } = (document ?? {}) as { readonly format?: unknown; readonly version?: unknown };
  if (format === FORMAT && typeof version === "number" && version > VERSION)
    return err(`version ${version} of its form, of which this bootqueue knows ${VERSION}: a newer one made it`);
  const checked = checkDocument(Manifest, document);
  return checked.ok ? checked : err(checked.error.slice(0, 3).map(formatProblem).join("; "));
}

function sha256Of(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
