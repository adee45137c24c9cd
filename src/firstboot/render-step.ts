import { shellWord } from "../std/shell-word.ts";
import { unreachable } from "../std/unreachable.ts";
import { addressIn, type HookTarget } from "./hook-target.ts";
import type { Fragment, ShellFiles } from "./shell-files.ts";
import type { FirstBootStep } from "./step-settings.ts";

/** A step as the agent knows it. */
export interface RenderedStep {
  /** What stands after the name in the list of steps: the kind of step, and what that kind wants. Words without blanks. */
  readonly words: readonly (string | number)[];
  /** The program of the step; null: it has none. */
  readonly program: string | null;
}

export function renderStep(step: FirstBootStep, target: HookTarget, files: ShellFiles): RenderedStep {
  const timing = "tries" in step ? ["run", step.minutes * 60, step.tries] : [];
  const fragment = (kind: Fragment, settings: Readonly<Record<string, string>>): RenderedStep => ({
    words: timing,
    program: programOf(kind, settings, files),
  });
  switch (step.type) {
    case "health": {
      const { seconds, every_seconds, url, ca_file } = step;
      return { words: ["health", seconds, every_seconds, url, ca_file ?? ""], program: null };
    }
    case "join": {
      const { minutes, config_file, ca_file, start } = step;
      return { words: ["join", minutes * 60, config_file, ca_file ?? ""], program: start ?? null };
    }
    case "script":
      return { words: timing, program: step.script };
    case "packages":
      return fragment("packages", { PACKAGES: step.names.join(" "), UPGRADE: yesOrNo(step.upgrade) });
    case "time":
      return fragment("time", { SECONDS_MAX: String(step.minutes * 60 - 10) });
    case "sysctl":
      return fragment("sysctl", { VALUES: linesOf(step.values, " = ") });
    case "network":
      return fragment("network", {
        BRIDGE: step.bridge,
        PORT: step.port,
        ADDRESS: addressIn(step.subnet, target) ?? "",
        MTU: String(step.mtu),
      });
    case "node-exporter":
      return fragment("node-exporter", { LISTEN: step.listen });
    case "repositories":
      return fragment("repositories", { MIRROR: step.mirror });
    case "iommu":
      return fragment("iommu", { ARGUMENTS: step.arguments, REBOOT: yesOrNo(step.reboot) });
    case "cluster-options":
      return fragment("cluster-options", { VALUES: linesOf(step.values, " ") });
    case "ceph":
      return fragment("ceph", {
        RELEASE: step.release,
        REPOSITORY: step.repository,
        NETWORK: step.network,
        CLUSTER_NETWORK: step.cluster_network ?? "",
        MONITORS: String(step.monitors),
        MANAGERS: String(step.managers),
        DISKS: step.disks.join("\n"),
        WIPE: yesOrNo(step.wipe),
      });
    default:
      return unreachable(step);
  }
}

/** A fragment of ours with its settings in front. */
export function programOf(kind: Fragment, settings: Readonly<Record<string, string>>, files: ShellFiles): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${shellWord(value)}`);
  return `${files.prelude}\n${lines.join("\n")}\n\n${files.fragments[kind]}`;
}

function yesOrNo(value: boolean): string {
  return value ? "yes" : "no";
}

function linesOf(values: Readonly<Record<string, string | number | boolean>>, between: string): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}${between}${typeof value === "boolean" ? Number(value) : value}`)
    .join("\n");
}
