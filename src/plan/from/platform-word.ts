import { StrataError } from '../../core/errors.ts';
import { knownArchitectures, knownSystems, type Platform, parsePlatform } from '../../core/platform.ts';
import type { Span } from '../../core/source/span.ts';
import { suggest } from '../../core/suggest.ts';
import { didYouMean, type Findings } from '../findings.ts';

/**
 * Reads what `FROM --platform=` came to (spec 3.1), `raw` being how it was written. Undefined after a
 * finding: a name nobody has ever built for is refused here, because nothing later would say what was meant.
 */
export function readPlatform(
  text: string,
  raw: string,
  host: Platform,
  span: Span,
  findings: Findings,
): Platform | undefined {
  if (text.trim() === '') {
    const message = `empty platform value from expression "${raw}"`;
    findings.error({ code: 'bad-platform', message, span });
    return undefined;
  }
  try {
    const platform = parsePlatform(text, host);
    const isKnown = knownSystems.includes(platform.os) && knownArchitectures.includes(platform.architecture);
    if (isKnown) return platform;
    const message = `no platform is called "${text}": want os/architecture[/variant]`;
    findings.error({ code: 'bad-platform', message, span, help: didYouMean(nearest(text)) });
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
    findings.error({ code: error.code, message: error.message, span, help: didYouMean(nearest(text)) });
  }
  return undefined;
}

function nearest(text: string): string | undefined {
  const [os = '', architecture, ...rest] = text.toLowerCase().split('/');
  if (architecture === undefined) return suggest(os, [...knownArchitectures, ...knownSystems]);
  const parts = [
    knownSystems.includes(os) ? os : suggest(os, knownSystems),
    knownArchitectures.includes(architecture) ? architecture : suggest(architecture, knownArchitectures),
    ...rest,
  ];
  return parts.includes(undefined) ? undefined : parts.join('/');
}
