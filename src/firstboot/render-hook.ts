import { shellWord } from "../std/shell-word.ts";
import type { AgentLinks } from "./agent-links.ts";
import { hereDocument } from "./here-document.ts";
import type { HookTarget } from "./hook-target.ts";
import { renderStep } from "./render-step.ts";
import { shellFiles } from "./shell-files.ts";
import { stepNames } from "./step-name.ts";
import type { FirstBootSettings } from "./step-settings.ts";

/** Where the hook puts the agent, its settings and its steps: root's alone, and writable on every system. */
const HOME = "/opt/bootqueue-agent";

/**
 * A POSIX shell script, run as root on the installed system or, with `BOOTQUEUE_ROOT`, on one that is mounted there. It
 * installs the first-boot agent with everything that it needs, has it started with the system, and ends with 0 at once;
 * nothing is downloaded. It may be run again. It holds the attempt's token, so it is a secret.
 */
export function renderFirstBootHook(
  { steps }: FirstBootSettings,
  target: HookTarget,
  links: { readonly token: string; readonly agent: AgentLinks },
): string {
  const files = shellFiles();
  const names = stepNames(steps);
  const rendered = steps.map((step, index) => ({ name: names[index] as string, ...renderStep(step, target, files) }));
  const list = rendered.map(({ name, words }) => [name, ...words].join(" ").trimEnd());
  const { base, trust } = links.agent;
  const settings = {
    BASE: base,
    TOKEN: links.token,
    AGENT_VERSION,
    PIN: trust?.publicKeyPin ?? "",
  };
  const put = (mode: string, path: string, text: string) => hereDocument(`put ${mode} ${path}`, text);
  return [
    `${files.hook}\n# ${target.hostname}.${target.domain}\n`,
    put("0700", `${HOME}/agent`, files.agent),
    put(
      "0600",
      `${HOME}/settings.sh`,
      Object.entries(settings)
        .map(([name, value]) => `${name}=${shellWord(value)}`)
        .join("\n"),
    ),
    put("0600", `${HOME}/steps.list`, list.join("\n")),
    trust === null ? "" : put("0600", `${HOME}/certificate.pem`, trust.certificatePem),
    ...rendered.map(({ name, program }) => (program === null ? "" : put("0700", `${HOME}/steps/${name}`, program))),
    "if has_systemd; then\n",
    put("0644", "/etc/systemd/system/bootqueue-agent.service", files.systemdUnit),
    `elif [ -e "$root/sbin/openrc-run" ]; then\n`,
    put("0755", "/etc/init.d/bootqueue-agent", files.openrcService),
    "fi\nenable_agent\nexit 0\n",
  ].join("");
}

/** Goes up when what the agent and the appliance say to each other changes. */
const AGENT_VERSION = "1";
