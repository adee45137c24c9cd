import { z } from "zod";
import { renderFirstBootHook } from "../firstboot/render-hook.ts";
import { stepProblems, stepTargetProblems } from "../firstboot/step-rules.ts";
import { linuxSteps } from "../firstboot/step-settings.ts";
import type { ProfileFlow } from "../queue/rules.ts";
import { textLike } from "../std/field.ts";
import type { Problem } from "../std/problem.ts";
import type { InstallTarget, Links } from "./kind.ts";

/** What profiles of any Linux may say of the first boot. */
export const firstBoot = z
  .strictObject({
    phone_home: z
      .boolean({ error: "expected true or false" })
      .default(true)
      .describe("The machine is ready only when the installed system has booted and called."),
    steps: linuxSteps,
  })
  .prefault({})
  .describe("What happens when it boots for the first time.");

export const cluster = textLike(
  "cluster",
  "the name of a [[cluster]] of the configuration",
  /^[A-Za-z0-9]([A-Za-z0-9-]{0,13}[A-Za-z0-9])?$/,
)
  .optional()
  .describe('The cluster that the machine joins, by a step of its first boot with `type = "join"`.');

interface FirstBootSettings {
  readonly first_boot: z.infer<typeof firstBoot>;
  readonly cluster?: string | undefined;
}

export function firstBootProblems({ first_boot, cluster }: FirstBootSettings): readonly Problem[] {
  const problems = [...stepProblems(first_boot.steps, cluster ?? null)];
  if (!first_boot.phone_home && first_boot.steps.length > 0) {
    problems.push({ path: "first_boot.phone_home", message: "expected true with steps: they are told of by calling" });
  }
  if (cluster !== undefined && !first_boot.steps.some(({ type }) => type === "join")) {
    problems.push({ path: "cluster", message: 'expected a step of [first_boot] with type = "join" to go with it' });
  }
  return problems;
}

export function firstBootTargetProblems({ first_boot }: FirstBootSettings, target: InstallTarget): readonly Problem[] {
  return stepTargetProblems(first_boot.steps, target);
}

export function firstBootFlow({ first_boot, cluster }: FirstBootSettings): ProfileFlow {
  return { firstBoot: first_boot.phone_home, cluster: cluster ?? null };
}

/** The hook that puts the agent into the system; it calls also when it has nothing else to do. null: nobody calls. */
export function firstBootScript({ first_boot }: FirstBootSettings, target: InstallTarget, links: Links): string | null {
  return first_boot.phone_home ? renderFirstBootHook({ steps: first_boot.steps }, target, links) : null;
}
