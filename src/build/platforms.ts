import { type Platform, parsePlatform, platformFromNode, printPlatform } from '../core/platform.ts';
import type { BuildOptions } from './options.ts';

/** What is built for, each once, in the order in which it was asked for: this machine's platform unless others were. */
export function platformsOf({ platforms }: Pick<BuildOptions, 'platforms'>): Platform[] {
  const host = platformFromNode(process.arch);
  const wanted = platforms.length === 0 ? [host] : platforms.map((text) => parsePlatform(text, host));
  return [...new Map(wanted.map((each) => [printPlatform(each), each])).values()];
}
