import type { Finding } from "./finding.ts";
import { fine, problem } from "./finding.ts";

/** Why nothing came: nobody at that port, no answer at all, or an answer that is not the file. */
export type FetchFailure =
  | { readonly type: "refused" }
  | { readonly type: "silent" }
  | { readonly type: "denied"; readonly words: string };

/** Judges what came over the wire by what lies on the disk, octet by octet. */
export function sameOctets(what: string, file: string, came: Buffer, onDisk: Buffer): Finding {
  if (came.equals(onDisk)) return fine(what, `${file} came as it is on the disk, ${onDisk.length} octets`);
  const at = onDisk.findIndex((octet, index) => came[index] !== octet);
  const where = at < 0 ? onDisk.length : at;
  return problem(
    what,
    `${file} came other than it is on the disk: ${came.length} octets of ${onDisk.length}, the first difference at ${where}`,
    "is something else serving that port, or was the file changed meanwhile? Try again",
  );
}

/** What probably blocks. `port`: such as `UDP 69`; `hint`: what else it may be when nothing answers. */
export function fetchFailed(
  what: string,
  file: string,
  port: string,
  failure: FetchFailure,
  isDaemonThere: boolean,
  hint = "",
): Finding {
  const start = "start the daemon with `systemctl start bootqueue`";
  switch (failure.type) {
    case "refused":
      return problem(
        what,
        `nobody listens on ${port}`,
        isDaemonThere ? "is that the daemon of this configuration?" : start,
      );
    case "silent": {
      const blocked = `a firewall seems to block ${port} (\`nft list ruleset\`)${hint}`;
      return problem(what, `no answer from ${port} for ${file}`, isDaemonThere ? blocked : `${start}; or ${blocked}`);
    }
    case "denied":
      return problem(
        what,
        `${port} did not give ${file}: ${failure.words}`,
        "does another program have that port (`ss -lnptu`)?",
      );
  }
}
