import { type AnswerLine, settingsForPeople } from "../profiles/answer-origins.ts";
import type { Answer } from "../profiles/kind.ts";
import type { AttemptToken, Host } from "../queue/host.ts";
import type { QueueState } from "../queue/state.ts";
import { newAttempt } from "../queue/taking.ts";
import type { Instant } from "../std/clock.ts";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import { type InstallSite, installationOf } from "./installation.ts";
import { mayTurnOut, serverTypeOfHost } from "./machine-settings.ts";

/** The answer file that a host's installer would get. */
export interface AnswerPreview {
  readonly answer: Answer;
  /** The masked answer, line by line; null: of this kind of answer nobody can tell. */
  readonly lines: readonly AnswerLine[] | null;
  readonly settings: ReturnType<typeof settingsForPeople>;
  /** null: it is of none. */
  readonly serverType: string | null;
  /** false: no install is armed, so a token stands in it that is none. */
  readonly isArmed: boolean;
}

export interface PreviewOptions {
  /** Of the installer; null: the newest that the profile knows. */
  readonly release: string | null;
  /** What the machine's firmware calls it; null: what is known. */
  readonly product: string | null;
}

/** The error is why there is none, or what the installer would refuse. */
export function previewAnswer(
  state: QueueState,
  host: Host,
  site: InstallSite,
  { release, product }: PreviewOptions = { release: null, product: null },
): Result<AnswerPreview, readonly Problem[]> {
  const install = installationOf(state, armed(host), site, product);
  if (install === null) {
    const message = host.slot === null ? "it has no slot" : "its profile or its network is not in the configuration";
    return err([{ path: "", message }]);
  }
  const { profile, target, links } = install;
  const request = { macs: host.macs, uuid: host.uuid, serial: null, product, release };
  const answer = profile.answer(target, links, request);
  if (!answer.ok) return answer;
  return ok({
    answer: answer.value,
    lines: profile.originsOf(answer.value.masked),
    settings: settingsForPeople(profile.said),
    serverType: site.machines === undefined ? null : (serverTypeOfHost(site.machines, host, product)?.name ?? null),
    isArmed: host.attempt !== null,
  });
}

/** What would keep an install of this host from going through, known before it is armed. A host without a slot: nothing. */
export function armingProblems(state: QueueState, host: Host, site: InstallSite): readonly Problem[] {
  const install = installationOf(state, armed(host), site);
  // What the installer will say of the machine may change it.
  if (install === null || mayTurnOut(site.machines, host)) return [];
  return install.profile.problems.length > 0 ? install.profile.problems : install.profile.checkTarget(install.target);
}

function armed(host: Host): Host {
  return host.attempt === null ? { ...host, attempt: newAttempt(NO_TOKEN, 0 as Instant) } : host;
}

const NO_TOKEN = "TOKEN-OF-THE-NEXT-INSTALL" as AttemptToken;
