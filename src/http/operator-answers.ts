import { type Context, Hono } from "hono";
import { previewAnswer } from "../boot/answer-preview.ts";
import { formatProblem } from "../std/problem.ts";
import type { AnswerView } from "./contract.ts";
import type { OperatorDeps, OperatorEnv } from "./operator-deps.ts";
import { describeHost, resolveHost } from "./operator-references.ts";
import { fail } from "./operator-replies.ts";

/** The answer file of a host, as it would be served: for people who want to see it before a machine does. */
export function createAnswersApp(deps: OperatorDeps): Hono<OperatorEnv> {
  const app = new Hono<OperatorEnv>();
  app.get("/api/hosts/:ref/answer", (c) => {
    const site = deps.site?.();
    if (site === undefined) return fail(c, 409, { error: "no profiles are known here", hint: "" });
    const state = deps.queue.state;
    const host = resolveHost(state, c.req.param("ref"));
    if (!host.ok) return fail(c, 404, { error: host.error.message, hint: host.error.hint, reason: host.error.type });
    const { release = null, product = null, secrets = "false" } = c.req.query();
    if (release !== null && !/^\d{1,3}\.\d{1,3}$/.test(release)) {
      return fail(c, 400, { error: `expected ?release= like 9.1, found ${JSON.stringify(release)}`, hint: "" });
    }
    const wantsSecrets = secrets === "true";
    if (wantsSecrets && c.get("credential") !== "socket") return noSecrets(c);
    const name = describeHost(state, host.value);
    const preview = previewAnswer(state, host.value, site, { release, product });
    if (!preview.ok) {
      return fail(c, 409, {
        error: `there is no answer file for ${name}`,
        hint: preview.error.map(formatProblem).join("\n"),
        reason: "unfit-settings",
      });
    }
    const { answer, lines, settings, serverType, isArmed } = preview.value;
    const slot = state.slots.find(({ id }) => id === host.value.slot);
    return c.json<AnswerView>({
      profile: slot?.profile ?? "",
      serverType,
      armed: isArmed,
      masked: !wantsSecrets,
      contentType: answer.contentType,
      text: wantsSecrets ? answer.text : answer.masked,
      lines: lines === null ? null : [...lines],
      settings: [...settings],
    });
  });
  return app;
}

function noSecrets(c: Context<OperatorEnv>) {
  return fail(c, 403, {
    error: "secrets of an answer file leave the appliance over its Unix socket only",
    hint: "with its token another machine could report in this one's name; as root on the appliance: bootqueue render HOST --secrets",
  });
}
