import { type Platform, parsePlatform, platformFromNode, printPlatform } from '../core/platform.ts';
import type { BuildOptions } from './options.ts';
import { isSwitchedOn } from './switches.ts';

/** What is built for, each once, in the order in which it was asked for: this machine's platform unless others were. */
export function platformsOf({ platforms }: Pick<BuildOptions, 'platforms'>): Platform[] {
  const host = platformFromNode(process.arch);
  const wanted = platforms.length === 0 ? [host] : platforms.map((text) => parsePlatform(text, host));
  return [...new Map(wanted.map((each) => [printPlatform(each), each])).values()];
}

/** Whether what is made is an index: it is of several platforms, or BUILDKIT_MULTI_PLATFORM asks for one (spec 2.8). */
export function isIndexed(options: Pick<BuildOptions, 'platforms' | 'buildArgs'>): boolean {
  return platformsOf(options).length > 1 || isSwitchedOn(options.buildArgs, 'BUILDKIT_MULTI_PLATFORM');
}
