/** Why a create or join did not work, in words, and whether it may be tried again as it is. */
export interface Failure {
  /** What Proxmox said, and what to do about it. */
  readonly why: string;
  /** true: nothing was touched yet, and it may well work in a moment. */
  readonly passing: boolean;
}

/**
 * Messages of `pvecm` and of the API (PVE/Cluster/Setup.pm, PVE/API2/ClusterConfig.pm, PVE/Corosync.pm). The first that
 * fits is taken, so what stands for several others comes last.
 */
const MESSAGES: readonly { readonly form: RegExp; readonly why: string; readonly passing?: true }[] = [
  {
    form: /can't lock file '[^']*pvecm\.lock'[^\n]*/,
    why: "somebody else is changing the cluster just now; join hosts one after another",
    passing: true,
  },
  { form: /cluster not ready - no quorum\?/, why: "the member has no quorum; bring its other nodes up", passing: true },
  {
    form: /this host already contains virtual guests/,
    why: "the host has guests already; a host must be empty to join: remove them, or rebuild it",
  },
  {
    form: /link\d+: cannot use IP '[^']*', not found on local node/,
    why: "the host does not have this address; set link0 and link1 of its slot to addresses that it has",
  },
  {
    form: /corosync: address '[^']*' already used on link[^\n]*/,
    why: "another node of the cluster has this link address; give the slot another one, or remove that node (pvecm delnode)",
  },
  {
    form: /corosync: link \d+ exists in cluster config but wasn't specified for new node/,
    why: "the cluster has one more link; set link1 of the slot",
  },
  {
    form: /link \d+ [^\n]*(?:specified|given) for new node[^\n]*cluster config|wasn't found in cluster config/,
    why: "the cluster has one link less; remove link1 of the slot",
  },
  {
    form: /can't add existing node '[^']*'/,
    why: "a node of this name is in the cluster already, perhaps from an earlier installation; remove it (pvecm delnode), or set rejoin = true",
  },
  {
    form: /(?:401 Unauthorized|401 authentication failure|authentication failure)/,
    why: 'the member refused root\'s password: it is wrong, root has a second factor there (then use method = "ssh"), or the clocks differ',
  },
  {
    form: /fingerprint '[^']*' not verified|fingerprint not verified/,
    why: "the member shows another certificate than expected; another machine may have its address, or its certificate is new",
  },
  {
    form: /(?:No route to host|Connection refused|Connection timed out|500 Can't connect to[^\n]*)/,
    why: "the host cannot reach the member; UDP 5405 to 5412 and TCP 22 and 8006 must be open between all nodes",
    passing: true,
  },
  {
    form: /unable to copy ssh ID[^\n]*|Host key verification failed|Permission denied \([^)]*\)/,
    why: "the host could not log in to the member; look at the member's authorized_keys and at PermitRootLogin in its sshd_config",
  },
  { form: /EOF while reading password/, why: "pvecm asked for a password and none was given" },
  { form: /incompatible (?:cluster )?version|version mismatch/i, why: "host and member run different releases" },
  {
    form: /(?:authentication key '[^']*' already exists|cluster config '[^']*' already exists|corosync is already running[^\n]*)/,
    why: "the host is or was in a cluster, so it may be half joined; rebuild it",
  },
  {
    form: /Check if node may join a cluster failed!?/,
    why: "Proxmox refuses to let this host join; its own log says why",
  },
  { form: /cluster name[^\n]*invalid|invalid format - [^\n]*/i, why: "a setting is not what Proxmox takes" },
];

/** `output`: what the command printed, or the log of the task. */
export function explainFailure(output: string): Failure {
  for (const { form, why, passing = false } of MESSAGES) {
    const said = form.exec(output)?.[0];
    if (said !== undefined) return { why: `${said.trim()} – ${why}`, passing };
  }
  const last = /TASK ERROR: ([^\n]+)/.exec(output)?.[1] ?? output.trim().split("\n").at(-1) ?? "";
  return { why: last === "" ? "it ended without saying why" : last.slice(0, 300), passing: false };
}
