import { StrataError, UsageError } from '../../core/errors.ts';

/** What `read` makes of a flag's value; a wrong value is wrong usage, whoever found it out. */
export function asUsage<T>(flag: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
    throw new UsageError(error.code, `${flag}: ${error.message}`, { hint: error.hint });
  }
}
