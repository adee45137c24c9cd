import { type JoinRun, JoinStop, minutes } from "./join-run.ts";
import { describeNodeError, type ProxmoxNode } from "./node.ts";

const RETRY_MS = 5000;

/** The installer still runs when it reports; then the machine restarts, and makes its keys known to its own root late. */
export async function waitForHost(run: JoinRun): Promise<ProxmoxNode> {
  const { order, tools } = run;
  const { key } = run;
  if (key === null)
    throw new JoinStop("there is no key for this install: it was armed before its profile named a cluster; rebuild it");
  if (order.hostKeys.length === 0)
    throw new JoinStop(
      "its installer did not report the SSH host keys, so nobody can tell whether the right machine answers",
    );
  let last = "it was not tried";
  return await run.until(
    order.cluster.sshMs,
    RETRY_MS,
    async () => {
      const login = { type: "key", privateKey: key.privateKey } as const;
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
      return null;
    },
    () => new JoinStop(`the installed system could not be reached within ${minutes(order.cluster.sshMs)}: ${last}`),
  );
}
