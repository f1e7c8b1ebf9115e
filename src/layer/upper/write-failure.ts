import { type BytePath, bytePathToText } from '../../core/byte-path.ts';
import { diskFull, HostError, IntegrityError, StrataError, systemCode } from '../../core/errors.ts';
import { moreIdsHint } from '../../sys/user-namespace/id-map.ts';

/** What a filesystem says of members that no filesystem could hold. */
const impossible = new Set([
  'ENAMETOOLONG',
  'EINVAL',
  'ELOOP',
  'ENOTDIR',
  'EISDIR',
  'EEXIST',
  'EMLINK',
  'ENOENT',
]);

/** Why a member could not be written beneath `upper`, for people; anything but a system error stays as it is. */
export function writeFailure(upper: string, path: BytePath, error: unknown): unknown {
  const code = systemCode(error);
  if (error instanceof StrataError || code === undefined || !(error instanceof Error)) return error;
  const place = `"/${bytePathToText(path)}"`;
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(`write ${place} beneath ${upper}`, error);
  if (code === 'EINVAL' && 'syscall' in error && /chown$/.test(String(error.syscall))) {
    return new HostError('id-not-mapped', `cannot give ${place} its owner: too few subordinate ids`, {
      hint: moreIdsHint,
      cause: error,
    });
  }
  const Kind = impossible.has(code) ? IntegrityError : HostError;
  return new Kind('cannot-write-file', `cannot write ${place}: ${error.message}`, { cause: error });
}
