import { readFileSync } from "node:fs";

/** The shell and unit files beside this one, as they are. */
export interface ShellFiles {
  readonly agent: string;
  readonly hook: string;
  readonly systemdUnit: string;
  readonly openrcService: string;
  /** What every fragment begins with. */
  readonly prelude: string;
  /** By kind of step. */
  readonly fragments: Readonly<Record<Fragment, string>>;
}

/** Kinds of steps that are a fragment of ours with settings in front. */
export const FRAGMENTS = [
  "packages",
  "time",
  "network",
  "sysctl",
  "node-exporter",
  "repositories",
  "iommu",
  "cluster-options",
  "ceph",
] as const;

export type Fragment = (typeof FRAGMENTS)[number];

/** In the order in which they make one program. */
const AGENT_PARTS = ["words", "http", "machine", "steps", "join", "main"] as const;

/** Throws when one is missing, which only a bad package can bring about. */
export function shellFiles(): ShellFiles {
  return {
    agent: AGENT_PARTS.map((part) => read(`agent/${part}.sh`)).join("\n"),
    hook: read("hook.sh"),
    systemdUnit: read("bootqueue-agent.service"),
    openrcService: read("bootqueue-agent.openrc"),
    prelude: read("steps/prelude.sh"),
    fragments: Object.fromEntries(FRAGMENTS.map((kind) => [kind, read(`steps/${kind}.sh`)])) as Record<
      Fragment,
      string
    >,
  };
}

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8");
}
