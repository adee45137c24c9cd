import { type FirstBootStep, proxmoxSteps } from "../../src/firstboot/step-settings.ts";

/** A step as a profile has it, defaults filled in. Throws when the profile would be refused. */
export function stepOf(step: Readonly<Record<string, unknown>>): FirstBootStep {
  const parsed = proxmoxSteps.safeParse([step]);
  if (!parsed.success) throw parsed.error;
  return parsed.data[0] as FirstBootStep;
}
