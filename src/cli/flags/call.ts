import { UsageError } from '../../core/errors.ts';
import { readKeys } from './csv.ts';
import { oneOf } from './one-of.ts';

const methods = ['check', 'outline', 'targets'] as const;
const formats = ['text', 'json', 'sarif'] as const;

/** What is asked about a Dockerfile instead of building it. */
export interface CallRequest {
  readonly method: (typeof methods)[number];
  readonly format: (typeof formats)[number];
  /** Exit 0 whatever a check finds. */
  readonly ignoresFindings: boolean;
}

interface CallFlags {
  readonly check?: boolean;
  readonly call?: string;
  readonly format?: string;
}

/**
 * Reads `--check`, `--call METHOD[,format=FORMAT][,ignorestatus=BOOLEAN]` and `--format`; undefined when they
 * ask for a build.
 * @throws UsageError `bad-flag-value`, `conflicting-flags`, and those of `readKeys`
 */
export function readCall({ check, call, format: wanted }: CallFlags): CallRequest | undefined {
  const [name = '', ...rest] = (call ?? (check === true ? 'check' : 'build')).split(',');
  const keys = rest.length === 0 ? {} : readKeys('--call', rest.join(','), ['format', 'ignorestatus']);
  if (check === true && name !== 'check') {
    throw new UsageError('conflicting-flags', `--check and --call ${name} exclude each other`);
  }
  if (name === 'build') {
    if (wanted === undefined) return undefined;
    throw new UsageError('conflicting-flags', '--format goes with --check and --call', {
      hint: 'what a build did is told by --metadata-file and --progress rawjson',
    });
  }
  const method = oneOf('--call', name, methods);
  const format = readCallFormat(wanted ?? keys.format);
  if (format === 'sarif' && method !== 'check') {
    throw new UsageError('bad-flag-value', `--format sarif: only a check has findings, ${method} has none`, {
      hint: 'want text or json',
    });
  }
  return { method, format, ignoresFindings: isTrue(keys.ignorestatus) };
}

/** Reads `--format` of a call. @throws UsageError `bad-flag-value` */
export function readCallFormat(text = 'text'): CallRequest['format'] {
  return oneOf('--format', text, formats);
}

function isTrue(text = 'false'): boolean {
  if (['true', '1', 't'].includes(text.toLowerCase())) return true;
  if (['false', '0', 'f'].includes(text.toLowerCase())) return false;
  throw new UsageError('bad-flag-value', `--call ignorestatus=${text}: want true or false`);
}
