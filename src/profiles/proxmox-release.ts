/** A release of the installer's ISO: 9.2. Its revision (`-1`) plays no part. */
export interface Release {
  readonly major: number;
  readonly minor: number;
}

/** The newest release whose answer file is known; a newer ISO is served the same. */
export const NEWEST: Release = { major: 9, minor: 2 };

/** The first one with an automated installation. */
export const OLDEST: Release = { major: 8, minor: 2 };

/** The first one that takes a hashed password, runs something at the first boot, and tells when it is done. */
export const REPORTING: Release = { major: 8, minor: 3 };

/** `9.2` or `9.2-1`; null: something else. */
export function parseRelease(text: string): Release | null {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,3})(?:[.-].*)?$/.exec(text.trim()) ?? [];
  return major === undefined ? null : { major: Number(major), minor: Number(minor) };
}

export function formatRelease({ major, minor }: Release): string {
  return `${major}.${minor}`;
}

export function isAtLeast(release: Release, wanted: Release): boolean {
  return release.major > wanted.major || (release.major === wanted.major && release.minor >= wanted.minor);
}
