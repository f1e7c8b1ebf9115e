import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostError, systemCode } from '../../core/errors.ts';

const formatVersion = '1';

/**
 * Makes the state directory if there is none, and looks whether this strata understands the one there is.
 * @throws HostError `root-unusable`, `newer-store`
 */
export function checkRoot(root: string): void {
  const path = join(root, 'version');
  try {
    mkdirSync(root, { recursive: true, mode: 0o711 });
    writeFileSync(path, `${formatVersion}\n`, { flag: 'wx' });
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') {
      checkVersion(path);
      return;
    }
    throw new HostError(
      'root-unusable',
      `cannot use "${root}" for strata's state: ${(cause as Error).message}`,
      {
        hint: 'choose another directory with --root or $STRATA_ROOT',
        cause,
      },
    );
  }
}

function checkVersion(path: string): void {
  const found = readFileSync(path, 'utf8').trim();
  // Empty: whoever creates it is about to write.
  if (found === formatVersion || found === '') return;
  throw new HostError(
    'newer-store',
    `${path} says version ${found}; this strata knows version ${formatVersion}`,
    {
      hint: 'use the strata that made it, or another --root',
    },
  );
}
