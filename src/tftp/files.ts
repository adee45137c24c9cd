import type { Endpoint } from "../net/udp-socket.ts";

/** The TFTP room asks; someone who knows the files answers. */
export interface TftpFiles {
  /** `filename` as the client wrote it: it may hold anything but a NUL. Rejects only when the disk is broken. */
  open(filename: string, from: Endpoint): Promise<TftpFile | TftpRefusal>;
}

export interface TftpFile {
  readonly type: "file";
  /** The whole file: boot files are small and the same for all, so one copy in memory serves every transfer. */
  readonly bytes: Uint8Array;
  /** Called once, when the transfer is over. */
  closed(outcome: TransferOutcome): void;
}

export interface TftpRefusal {
  readonly type: "refusal";
  /** 1 file not found, 2 access violation (RFC 1350, appendix). */
  readonly code: 1 | 2;
  readonly message: string;
}

/** How a transfer ended. `probed`: the client only asked for the size and ended with ERROR 8, as UEFI does. */
export type TransferOutcome =
  | {
      readonly type: "complete";
      readonly sizeBytes: number;
      readonly blksize: number;
      readonly windowsize: number;
      readonly resent: number;
    }
  | { readonly type: "probed" }
  | { readonly type: "aborted"; readonly code: number; readonly message: string }
  /** All but the last of `blocks` acknowledged: the client probably has the file, and its last ACK was lost. */
  | { readonly type: "client-silent"; readonly ackedBlocks: number; readonly blocks: number }
  | { readonly type: "shut-down" };
