import { type Platform, parsePlatform, platformFromNode } from '../core/platform.ts';
import type { BuildOptions } from './options.ts';

/** What is built for, in the order in which it was asked for: this machine's platform unless others were. */
export function platformsOf({ platforms }: Pick<BuildOptions, 'platforms'>): Platform[] {
  const host = platformFromNode(process.arch);
  return platforms.length === 0 ? [host] : platforms.map((text) => parsePlatform(text, host));
}
