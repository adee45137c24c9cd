import type { CataloguedImage } from "../images/catalogue.ts";
import { formatMemory, formatSize } from "./progress-display.ts";
import { type Column, renderFacts, renderTable } from "./table.ts";
import { formatTime } from "./words.ts";

/** For programs: the manifest, and where the files are. */
export function imageView({ manifest, folder }: CataloguedImage) {
  const { schema: _, ...rest } = manifest;
  return { ...rest, sizeBytes: sizeOf(manifest.files), folder };
}

const COLUMNS: readonly Column<CataloguedImage>[] = [
  { title: "image", cell: ({ manifest }) => manifest.name },
  { title: "system", cell: ({ manifest }) => manifest.title, shrinks: true },
  { title: "size", cell: ({ manifest }) => formatSize(sizeOf(manifest.files)), right: true, leaves: 2 },
  { title: "memory", cell: ({ manifest }) => formatMemory(manifest.memoryMib), right: true, leaves: 3 },
  { title: "added", cell: ({ manifest }) => formatTime(manifest.addedAt), leaves: 1 },
  { title: "note", cell: ({ manifest }) => (manifest.attended === null ? "" : "not unattended"), leaves: 4 },
];

export function renderImages(images: readonly CataloguedImage[], width: number | null): string {
  if (images.length === 0) return "there are no images; add one: bootqueue image add FILE.iso\n";
  return renderTable(COLUMNS, images, width);
}

export function renderImage({ manifest, folder }: CataloguedImage): string {
  const { source } = manifest;
  return renderFacts([
    ["image", manifest.name],
    ["system", manifest.title],
    ["product", `${manifest.product} ${manifest.release}`.trim()],
    ["unattended", manifest.attended === null ? "yes" : `no: ${manifest.attended}`],
    ["memory", `about ${formatMemory(manifest.memoryMib)} to boot it`],
    ["made of", `${source.file}, ${formatSize(source.sizeBytes)}\nSHA-256 ${source.sha256}`],
    ["added", formatTime(manifest.addedAt)],
    ["folder", `assets/${folder}`],
    [
      "files",
      manifest.files.map(({ role, path, sizeBytes }) => `${role}: ${path}, ${formatSize(sizeBytes)}`).join("\n"),
    ],
  ]);
}

function sizeOf(files: readonly { readonly sizeBytes: number }[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
