import { err, ok, type Result } from "../std/result.ts";
import { shellWord } from "../std/shell-word.ts";
import { parseClusterStatus } from "./cluster-status.ts";
import type { NodeError, NodeJob, NodeView, OpenNode, ProxmoxNode } from "./node.ts";
import {
  CLEAR_JOB,
  distrustScript,
  editKeysScript,
  LOOK,
  removeMemberScript,
  startJobScript,
  trustScript,
} from "./node-scripts.ts";
import type { OpenSsh, SshOutput, SshSession } from "./ssh.ts";

/** Proxmox nodes over SSH, as root. */
export function nodesOverSsh(openSsh: OpenSsh, port: number): OpenNode {
  return async ({ address, hostKeys }, login, signal) => {
    const session = await openSsh({ address, port, hostKeys, login }, signal);
    return session.ok ? ok(nodeOf(session.value, address)) : session;
  };
}

function nodeOf(session: SshSession, address: string): ProxmoxNode {
  const done = async (script: string, stdin?: string): Promise<Result<void, NodeError>> => {
    const output = await succeeded(session, script, stdin);
    return output.ok ? ok(undefined) : output;
  };
  return {
    address,
    look: async () => {
      const output = await succeeded(session, LOOK);
      return output.ok ? ok(readLook(output.value.stdout)) : output;
    },
    startJob: (argv, secret = "") => done(startJobScript(argv), `${secret}\n`),
    clearJob: () => done(CLEAR_JOB),
    editKeys: async (change) => {
      const output = await succeeded(session, editKeysScript(change));
      if (!output.ok) return output;
      const left = /^left (\d+)$/m.exec(output.value.stdout)?.[1];
      return left === undefined ? err({ type: "failed", why: "authorized_keys could not be read" }) : ok(Number(left));
    },
    trust: (member, hostKeys, mark) => done(trustScript(member, hostKeys, mark)),
    distrust: (mark) => done(distrustScript(mark)),
    removeMember: async (name) => {
      const output = await succeeded(session, removeMemberScript(name));
      return output.ok ? ok(output.value.stdout) : output;
    },
    close: () => session.close(),
  };
}

async function succeeded(session: SshSession, script: string, stdin?: string): Promise<Result<SshOutput, NodeError>> {
  // Root's own shell may be another one.
  const command = `exec sh -c ${shellWord(script)}`;
  const output = await session.run(command, stdin === undefined ? {} : { stdin });
  if (!output.ok || output.value.code === 0) return output;
  const { code, stdout, stderr } = output.value;
  const said = (stderr.trim() || stdout.trim()).slice(-500);
  return err({ type: "failed", why: said === "" ? `a command ended with code ${code}` : said });
}

/** Lines that it does not know are left alone. */
export function readLook(text: string): NodeView {
  const end = text.search(/^log$/m);
  const head = end < 0 ? text : text.slice(0, end);
  const output = end < 0 ? "" : text.slice(end + "log\n".length);
  const values = (word: string) =>
    [...head.matchAll(/^(\w+) (.*)$/gm)].flatMap(([, key, value = ""]) => (key === word ? [value.trim()] : []));
  const [name = ""] = values("name");
  const status = parseClusterStatus(values("status")[0] ?? "");
  const [fingerprint] = values("fingerprint");
  return {
    name: name.split(".")[0] ?? "",
    cluster: status.ok ? status.value : "unknown",
    leftovers: values("leftover"),
    rootKey: values("rootkey").find((line) => /^\S+ AAAA/.test(line)) ?? null,
    fingerprint: /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/i.test(fingerprint ?? "") ? (fingerprint ?? null) : null,
    job: jobOf(values("job")[0] ?? "", output),
  };
}

function jobOf(text: string, output: string): NodeJob {
  const [state = "none", code] = text.split(" ");
  if (state === "running") return { type: "running", output };
  if (state === "died") return { type: "ended", code: null, output };
  return state === "ended" ? { type: "ended", code: Number(code), output } : { type: "none" };
}
