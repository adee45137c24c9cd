import { type JoinRun, JoinStop, minutes } from "./join-run.ts";
import { describeNodeError, type ProxmoxNode } from "./node.ts";
import type { SshLogin } from "./ssh.ts";

const RETRY_MS = 5000;

/** The installer still runs when it reports; then the machine restarts, and makes its keys known to its own root late. */
export async function waitForHost(run: JoinRun): Promise<ProxmoxNode> {
  const { order, tools } = run;
  const logins = loginsOf(run);
  if (logins.length === 0)
    throw new JoinStop(
      "there is no key for this install: its join failed before and the key was taken back, or it was armed before its profile named a cluster; give key_file or password_file in [[cluster]] and try again (`bootqueue retry`), or rebuild it",
    );
  if (order.hostKeys.length === 0)
    throw new JoinStop(
      "its installer did not report the SSH host keys, so nobody can tell whether the right machine answers",
    );
  let last = "it was not tried";
  return await run.until(
    order.cluster.sshMs,
    RETRY_MS,
    async () => {
      for (const login of logins) {
        const opened = await tools.openNode(order, login, run.signal);
        if (opened.ok) {
          const node = run.keep(opened.value);
          const view = await node.look();
          if (view.ok && view.value.cluster !== "unknown") return node;
          last = view.ok ? "the services of Proxmox are not up" : describeNodeError(view.error, order.address);
          node.close();
          return null;
        }
        last = describeNodeError(opened.error, order.address);
        if (opened.error.type === "wrong-host-key") throw new JoinStop(last);
        if (opened.error.type !== "login-refused") return null;
      }
      return null;
    },
    () => new JoinStop(`the installed system could not be reached within ${minutes(order.cluster.sshMs)}: ${last}`),
  );
}

/** The key of its answer file, which a join that failed has taken back; and what the operator gave for all hosts. */
function loginsOf({ key, order }: JoinRun): readonly SshLogin[] {
  const { privateKey, password } = order.cluster;
  return [
    ...(key === null || key.privateKey === "" ? [] : [{ type: "key", privateKey: key.privateKey } as const]),
    ...(privateKey === null ? [] : [{ type: "key", privateKey } as const]),
    ...(password === null ? [] : [{ type: "password", password } as const]),
  ];
}
