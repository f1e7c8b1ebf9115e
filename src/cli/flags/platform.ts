import { type Platform, parsePlatform, platformFromNode } from '../../core/platform.ts';
import { asUsage } from './as-usage.ts';

/** @throws UsageError `bad-platform` */
export function readPlatform(text: string): Platform {
  return asUsage('--platform', () => parsePlatform(text, platformFromNode(process.arch)));
}

/** A platform as it was given, once it is known to be one. @throws UsageError `bad-platform` */
export function checkPlatform(text: string): string {
  readPlatform(text);
  return text;
}
