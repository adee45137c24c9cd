import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Appliance } from "./appliance.ts";
import type { Journey } from "./journey.ts";
import type { Lab } from "./lab.ts";

/** What machines that form a cluster share, and an operator's own way into them. */
export class ClusterRack {
  /** The folder that takes the part of the cluster's file system. */
  readonly shared: string;
  /** Public; its private half lies in the lab's folder. */
  readonly operatorKey: string;
  readonly #lab: Lab;
  readonly #keyPath: string;

  constructor(lab: Lab) {
    this.#lab = lab;
    this.shared = join(lab.folder, "cluster");
    mkdirSync(this.shared);
    this.#keyPath = join(lab.folder, "operator-key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "operator@lab", "-f", this.#keyPath]);
    this.operatorKey = readFileSync(`${this.#keyPath}.pub`, "utf8").trim();
  }

  /** Asks the last machine, as an operator would, who is in the cluster and whose keys it lets in. */
  async ask(appliance: Appliance, journeys: readonly Journey[]) {
    const last = journeys.at(-1);
    if (last === undefined) return { words: "there is no machine to ask", isWhole: false };
    await this.#knowHostKeys(appliance);
    const nodes = JSON.parse(this.onNode(last.address, "pvesh get /cluster/status --output-format json")) as readonly {
      readonly type: string;
      readonly name: string;
      readonly online?: number;
      readonly quorate?: number;
    }[];
    const online = nodes.filter(({ type, online }) => type === "node" && online === 1).map(({ name }) => name);
    const isQuorate = nodes.some(({ type, quorate }) => type === "cluster" && quorate === 1);
    const keys = this.onNode(last.address, "cat /etc/pve/priv/authorized_keys /root/.ssh/authorized_keys.org")
      .split("\n")
      .map((line) => line.split(" ").slice(2).join(" "));
    const foreign = keys.filter((comment) => comment !== "" && !/^(operator@lab|root@)/.test(comment));
    const words = `${last.hostname} says: ${online.join(", ")} are online, ${isQuorate ? "quorate" : "WITHOUT QUORUM"}; keys that let in: ${[...new Set(keys)].filter(Boolean).join(", ")}`;
    const isWhole = isQuorate && foreign.length === 0 && journeys.every(({ hostname }) => online.includes(hostname));
    return { words, isWhole };
  }

  /** As the installers reported them. */
  async #knowHostKeys(appliance: Appliance): Promise<void> {
    const lines: string[] = [];
    for (const host of await appliance.hosts()) {
      const { inventory } = await appliance.detailOf(host);
      if (inventory !== null && host.slot !== null)
        lines.push(`${host.slot.address} ${inventory.sshHostKeys.ed25519}\n`);
    }
    writeFileSync(join(this.#lab.folder, "known-hosts"), lines.join(""));
  }

  /** Runs a command on a node as root, whose host key `ask` has found out. */
  onNode(address: string, command: string): string {
    const known = join(this.#lab.folder, "known-hosts");
    const options = ["BatchMode=yes", "ConnectTimeout=20", `UserKnownHostsFile=${known}`, "StrictHostKeyChecking=yes"];
    const argv = ["ssh", "-F", "none", "-i", this.#keyPath, ...options.flatMap((option) => ["-o", option])];
    return this.#lab.run("gw", [...argv, `root@${address}`, command]);
  }
}
