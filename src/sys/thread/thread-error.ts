import { HostError, IntegrityError, StepError, StrataError, systemCode } from '../../core/errors.ts';

/** An error on its way between threads, which take away classes and own properties. */
export interface ThreadError {
  readonly name: string;
  /** strata's or the system's. */
  readonly code: string | undefined;
  readonly message: string;
  readonly hint: string | undefined;
  readonly stack: string | undefined;
}

const classes = [StrataError, HostError, IntegrityError, StepError];

/** An error as it can be sent to another thread, which loses classes and members. */
export function encodeThreadError(error: unknown): ThreadError {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const { hint } = error instanceof StrataError ? error : {};
  return { name, code: systemCode(error), message, hint, stack };
}

/** The error that was sent, of the class it had. */
export function decodeThreadError({ name, code, message, hint, stack }: ThreadError): Error {
  const Kind = classes.find((each) => each.name === name);
  const error =
    Kind === undefined || code === undefined
      ? Object.assign(new Error(message), code === undefined ? {} : { code })
      : new Kind(code, message, { hint });
  if (stack !== undefined) error.stack = stack;
  return error;
}
