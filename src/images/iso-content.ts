import type { IsoListing } from "./iso-listing.ts";
import type { ImageFile } from "./manifest.ts";

/** What there is to tell an ISO by. */
export interface IsoContent {
  readonly volumeId: string;
  readonly sizeBytes: number;
  readonly files: IsoListing;
  /** Those of `MARKS` that it has, as text. */
  readonly marks: ReadonlyMap<string, string>;
}

/** Small files by which ISOs tell what they are. */
export const MARKS = [
  "/.cd-info",
  "/.disk/info",
  "/.disk/mini-info",
  "/.treeinfo",
  "/.discinfo",
  "/.alpine-release",
] as const;

/** Longer ones are none. */
export const MARK_BYTES_MAX = 64 * 1024;

/** What an ISO is, and what becomes of it. */
export interface Recognised {
  readonly product: string;
  /** Empty: nobody knows. */
  readonly release: string;
  /** For people. */
  readonly title: string;
  /** null: it can be installed unattended; else why not. */
  readonly attended: string | null;
  readonly takes: readonly Take[];
  readonly disc: DiscUse;
  readonly memoryMib: number;
}

/** One file that is taken out of the ISO. */
export interface Take {
  readonly role: ImageFile["role"];
  /** Absolute path in the ISO; it is in the listing. */
  readonly from: string;
  /** Path in the image's folder. */
  readonly to: string;
}

/** What becomes of the ISO itself. */
export type DiscUse =
  | { readonly type: "left-out" }
  /** It is kept as it is, for installers that fetch it. */
  | { readonly type: "served" }
  /** Prepared and put into the initramfs, under this name. */
  | { readonly type: "in-initramfs"; readonly as: string; readonly without: string; readonly adds: AddedFile };

/** A file that is put into the prepared ISO. */
export interface AddedFile {
  readonly path: string;
  readonly text: string;
}

/** It is one of ours, and yet nothing can be done with it. */
export interface Unusable {
  readonly unusable: string;
  readonly hint: string;
}

/** null: it is something else. */
export type Recogniser = (iso: IsoContent) => Recognised | Unusable | null;

/** Sum of the sizes of the files that `from` names; those that are missing count nothing. */
export function sizeOf({ files }: IsoContent, from: readonly string[]): number {
  return from.reduce((sum, path) => sum + (files.get(path)?.sizeBytes ?? 0), 0);
}

/** The first of these paths that the ISO has. */
export function firstOf({ files }: IsoContent, paths: readonly string[]): string | null {
  return paths.find((path) => files.has(path)) ?? null;
}

/** The number of a release inside a sentence: `24.04.3`; empty: there is none. */
export function releaseIn(text: string): string {
  return /(?<![\w.])\d+(?:\.\d+){0,3}(?![\w.])/.exec(text)?.[0] ?? "";
}

/** As part of a name: small letters, digits and single hyphens. */
export function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 40);
}
