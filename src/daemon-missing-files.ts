import { join } from "node:path";
import { loadImages, missingFile, missingForAll } from "./daemon-images.ts";
import { profileVariants } from "./daemon-machine-settings.ts";
import type { Settings } from "./daemon-settings.ts";

/** The images that are there, and what machines will ask for and is not, each with what to do. */
export async function lookForFiles(settings: Settings) {
  const { paths, dhcp } = settings.config;
  const profiles = profileVariants(settings);
  // An image is added and removed while the daemon runs.
  const images = await loadImages(paths.assets);
  // Loaders of rarer architectures may be left out; without these nothing boots.
  const files = new Set([dhcp.boot_files.bios, dhcp.boot_files.uefi_x64]);
  if (profiles.some((profile) => profile.secureBoot)) files.add(dhcp.boot_files.uefi_x64_secure);
  const missing = [...(await missingForAll(profiles, images, paths.assets))];
  for (const file of files) missing.push(...(await missingFile(join(paths.assets, file))));
  return { images, missing };
}
