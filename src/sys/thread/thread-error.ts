import { HostError, IntegrityError, StepError, StrataError } from '../../core/errors.ts';

/** An error on its way between threads, which take away classes and own properties. */
export interface ThreadError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** What else it says: strata's code and hint, or what the system told of a call that failed. */
  readonly facts: Readonly<Record<string, string | number>>;
}

const classes = [StrataError, HostError, IntegrityError, StepError];

const factNames = ['code', 'hint', 'word', 'errno', 'syscall', 'path', 'dest'];

/** An error as it can be sent to another thread, which loses classes and members. */
export function encodeThreadError(given: unknown): ThreadError {
  const error = given instanceof Error ? given : new Error(String(given));
  const facts = Object.entries(error).filter(
    ([name, fact]) => factNames.includes(name) && ['string', 'number'].includes(typeof fact),
  );
  return { name: error.name, message: error.message, stack: error.stack, facts: Object.fromEntries(facts) };
}

/** The error that was sent, of the class it had. */
export function decodeThreadError({ name, message, stack, facts }: ThreadError): Error {
  const Kind = classes.find((each) => each.name === name);
  const error = Object.assign(
    Kind === undefined ? new Error(message) : new Kind(String(facts.code), message),
    facts,
  );
  if (stack !== undefined) error.stack = stack;
  return error;
}
