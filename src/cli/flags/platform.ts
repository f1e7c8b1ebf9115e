import { type Platform, parsePlatform, platformFromNode, printPlatform } from '../../core/platform.ts';
import { asUsage } from './as-usage.ts';

/** `local` is this machine's. @throws UsageError `bad-platform` */
export function readPlatform(text: string): Platform {
  const host = platformFromNode(process.arch);
  return text.trim() === 'local' ? host : asUsage('--platform', () => parsePlatform(text, host));
}

/** A platform in full. @throws UsageError `bad-platform` */
export function checkPlatform(text: string): string {
  return printPlatform(readPlatform(text));
}
