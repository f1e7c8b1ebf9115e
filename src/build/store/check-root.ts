import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostError, systemCode } from '../../core/errors.ts';

const formatVersion = '1';

/**
 * Makes the state directory if there is none, and looks whether this strata understands the one there is and may write to it.
 * @throws HostError `root-unusable`, `newer-store`
 */
export function checkRoot(root: string): void {
  const path = join(root, 'version');
  try {
    mkdirSync(root, { recursive: true, mode: 0o711 });
    writeFileSync(path, `${formatVersion}\n`, { flag: 'wx' });
  } catch (cause) {
    if (systemCode(cause) !== 'EEXIST') throw unusable(root, cause);
    checkVersion(path);
    checkWritable(root);
  }
}

/** Whatever is done with a store begins with a directory in it. */
function checkWritable(root: string): void {
  try {
    accessSync(root, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unusable(root, cause);
  }
}

function unusable(root: string, cause: unknown): HostError {
  const why = (cause as Error).message;
  return new HostError('root-unusable', `cannot use "${root}" for strata's state: ${why}`, {
    hint: 'choose another directory with --root or $STRATA_ROOT',
    cause,
  });
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
