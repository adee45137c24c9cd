import type { Problem } from "../std/problem.ts";
import { addressIn, type HookTarget } from "./hook-target.ts";
import { stepNames } from "./step-name.ts";
import type { FirstBootStep } from "./step-settings.ts";

/** Steps that need the cluster. */
const NEED_CLUSTER: ReadonlySet<FirstBootStep["type"]> = new Set(["cluster-options", "ceph"]);

/** What the schema cannot see; paths start with `first_boot.steps`. `cluster` null: the profile names none. */
export function stepProblems(steps: readonly FirstBootStep[], cluster: string | null): readonly Problem[] {
  const problems: Problem[] = [];
  const say = (index: number, message: string) => problems.push({ path: `first_boot.steps[${index}]`, message });
  const names = stepNames(steps).map((name) => name.slice("00-".length));
  const joins = steps.flatMap(({ type }, index) => (type === "join" ? [index] : []));
  for (const [index, step] of steps.entries()) {
    const first = names.indexOf(names[index] as string);
    if (first < index)
      say(index, `the name ${names[index]} is taken already by step ${first + 1}; give it a name of its own`);
    if (step.type === "packages" && step.names.length === 0 && !step.upgrade)
      say(index, "expected names, or upgrade = true");
    if (NEED_CLUSTER.has(step.type) && cluster !== null && !(joins[0] !== undefined && joins[0] < index))
      say(index, `${step.type} needs the cluster: put a step with type = "join" before it`);
    if (step.type === "join" && cluster === null)
      say(index, "expected `cluster` in the profile, the name of a [[cluster]] that it joins");
    if (step.type === "join" && joins[0] !== index) say(index, "a host joins once: expected one step with this type");
  }
  return problems;
}

/** What keeps these steps from being done on this machine. */
export function stepTargetProblems(steps: readonly FirstBootStep[], target: HookTarget): readonly Problem[] {
  return steps.flatMap((step, index) => {
    if (step.type !== "network" || addressIn(step.subnet, target) !== null) return [];
    const message = `expected a network with room for the number that ${target.address} has in ${target.subnet}, found ${step.subnet}`;
    return [{ path: `first_boot.steps[${index}].subnet`, message }];
  });
}
