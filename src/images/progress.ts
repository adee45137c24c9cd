/** How far an image is. */
export interface Progress {
  /** What is being done: `reading the ISO`. */
  readonly what: string;
  readonly done: number;
  /** null: nobody knows. */
  readonly total: number | null;
  /** What `done` and `total` count. */
  readonly unit: "octets" | "percent";
}

export type ReportProgress = (progress: Progress) => void;
