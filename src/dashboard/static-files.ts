import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A file that pages refer to. Its name changes with its content, so a browser may keep it for ever. */
export interface StaticFile {
  readonly path: string;
  readonly contentType: string;
  readonly text: string;
}

export interface StaticFiles {
  readonly styleSheet: StaticFile;
  readonly script: StaticFile;
  /** Names this build of the page: a browser that shows another one loads itself anew. */
  readonly build: string;
}

/** Reads them from beside this file. Throws when one is missing, so that a bad package does not start. */
export function loadStaticFiles(): StaticFiles {
  const styleSheet = staticFile("dashboard.css", "text/css; charset=utf-8");
  const script = staticFile("in-browser.js", "text/javascript; charset=utf-8");
  return { styleSheet, script, build: hashOf(styleSheet.path + script.path) };
}

function staticFile(name: string, contentType: string): StaticFile {
  const text = readFileSync(new URL(name, import.meta.url), "utf8");
  return { path: `/static/${name.replace(".", `-${hashOf(text)}.`)}`, contentType, text };
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
