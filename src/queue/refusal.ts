/** Why the queue did not do what an event asked. */
export type Refusal =
  | "no-slot"
  | "paused"
  | "approval-required"
  | "not-armed"
  | "already-installed"
  | "installed-needs-insistence"
  | "failed-before"
  | "other-nic-of-busy-host"
  | "uuid-of-other-host"
  | "identity-conflict"
  | "other-board"
  | "held-for-approval"
  | "wrong-board"
  | "address-not-yours"
  | "other-network"
  | "unknown-host"
  | "unknown-slot"
  | "slot-in-use"
  | "hostname-in-use"
  | "not-in-this-state"
  | "install-under-way"
  | "too-many-attempts"
  | "rebuilds-under-way"
  | "no-rebuilds"
  | "wrong-token"
  | "cluster-has-founder"
  | "first-boot-failed"
  | "nothing-to-retry";

/** The same in words, with what an operator can do about it. */
export const REFUSALS: Record<Refusal, string> = {
  "no-slot": "no slot is free for it; add slots to the configuration, or unskip or reset one",
  paused: "the queue is paused; `bootqueue resume` lets new hosts take slots again",
  "approval-required": "new hosts need approval; `bootqueue approve HOST` gives it the next slot",
  "not-armed": "it is registered but no install is armed; `bootqueue rebuild HOST` arms one",
  "already-installed":
    "it is installed, so it is left to boot from its own disk; `bootqueue rebuild HOST` installs it again",
  "installed-needs-insistence":
    "it has been installed; after a reset it would be installed again, and wiped, at its next network boot: add --even-installed if that is what you want",
  "failed-before":
    "its last install failed; `bootqueue rebuild HOST` tries again, `bootqueue mark-installed HOST` accepts it as it is",
  "other-nic-of-busy-host":
    "a host with the same SMBIOS UUID is being installed through another NIC; if this is another machine, its UUID is a copy and needs `bogus_uuids` in the configuration",
  "uuid-of-other-host":
    "a host that was installed, or failed, has the same SMBIOS UUID: if this is another network card of it, `bootqueue hosts` shows it; if it is another machine, its UUID is a copy and needs `bogus_uuids` in the configuration",
  "other-board":
    "another machine, by its SMBIOS UUID, asks with the hardware address of this host: a network card or a dock that was moved needs to go back, and what it was moved to needs one of its own; if this is the host with a new board, `bootqueue rebuild HOST` and then `bootqueue approve HOST` install it again",
  "identity-conflict":
    "its addresses and its UUID belong to two different hosts; reset the one that is gone with `bootqueue reset HOST`",
  "held-for-approval":
    "it is not the machine that was installed under this name; `bootqueue show HOST` says what changed, `bootqueue approve HOST` lets it be installed",
  "wrong-board":
    "its slot is for a board with another serial number; put that machine here, or correct `board_serial` of the slot in the configuration",
  "address-not-yours": "it asks for an address that is not held for it",
  "other-network":
    "it asks from another network than the one its slot is in; move it back, or `bootqueue reset HOST` and it gets a slot of that network",
  "unknown-host": "no such host; `bootqueue hosts` lists them",
  "unknown-slot": "no such slot; `bootqueue slots` lists them",
  "slot-in-use": "the slot is assigned to a host; `bootqueue reset HOST` frees it",
  "hostname-in-use":
    "the hostname that the configuration gives its slot still belongs to another host; `bootqueue slots` shows which: rebuild that one first, so that it takes its new name, or reset it, or give this slot another name",
  "not-in-this-state": "that cannot be done in the state the host or slot is in",
  "install-under-way": "an install is under way; wait for it, or `bootqueue reset HOST` gives it up",
  "too-many-attempts":
    "it asked for the installer too often without finishing; `bootqueue rebuild HOST` starts the count again",
  "rebuilds-under-way":
    "hosts are being rebuilt already; `bootqueue rebuild --status` shows them, `--stop` arms no further one",
  "no-rebuilds": "no host waits to be rebuilt; `bootqueue rebuild --status` shows what became of the last ones",
  "wrong-token": "the token is not that of the install under way",
  "cluster-has-founder":
    "another host was to begin its cluster; `bootqueue rebuild` of that host lets it try again, `bootqueue reset --even-installed` gives it up",
  "first-boot-failed":
    "its first boot, or the join that is a part of it, is tried again on the machine itself: `systemctl restart bootqueue-agent` there, or restart it; what it reports then counts",
  "nothing-to-retry":
    "it has no join that failed; `bootqueue show HOST` says where it is, `bootqueue rebuild HOST` installs it again",
};
