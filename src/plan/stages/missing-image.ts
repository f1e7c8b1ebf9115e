import { CanceledError, HostError, IntegrityError, StrataError } from '../../core/errors.ts';
import type { Span } from '../../core/source/span.ts';
import { suggest } from '../../core/suggest.ts';
import type { Stage } from '../../dockerfile/instruction.ts';
import { didYouMean, type Finding } from '../findings.ts';

/** An image the resolver could not give. */
export interface MissingImage {
  readonly reference: string;
  readonly span: Span;
  /** The stage that wants it. */
  readonly by: Stage;
  readonly error: unknown;
}

const wellKnown = [
  ...['alpine', 'busybox', 'debian', 'ubuntu', 'fedora', 'archlinux', 'almalinux', 'rockylinux', 'scratch'],
  ...[
    'golang',
    'node',
    'python',
    'ruby',
    'rust',
    'php',
    'openjdk',
    'eclipse-temurin',
    'maven',
    'gradle',
    'gcc',
  ],
  ...['nginx', 'httpd', 'redis', 'postgres', 'mysql', 'mariadb', 'mongo', 'memcached', 'rabbitmq', 'traefik'],
];

/**
 * A misspelt stage looks like an image that does not exist (spec 3.1, "Errors"). Says so when a stage or a
 * well-known image has a similar name, or a stage of this very name comes too late; otherwise undefined.
 */
export function explainMissing(missing: MissingImage, stages: readonly Stage[]): Finding | undefined {
  const { reference, span, by, error } = missing;
  const isOfTheMachine =
    error instanceof HostError || error instanceof CanceledError || error instanceof IntegrityError;
  if (!(error instanceof StrataError) || isOfTheMachine) return undefined;
  const [name = '', ...rest] = reference.split(/(?=[:@])/);
  if (name.includes('/') || wellKnown.includes(name)) return undefined;
  const above = stages.filter((stage) => stage.index < by.index).flatMap((stage) => stage.name ?? []);
  const below = stages.some((stage) => stage.index > by.index && stage.name === reference);
  const stage = suggest(reference, above);
  const image = suggest(name, wellKnown);
  const meant = stage ?? (image === undefined ? undefined : [image, ...rest].join(''));
  if (!below && meant === undefined) return undefined;
  return {
    code: 'unknown-stage',
    message: `no stage or image called "${reference}"`,
    span,
    notes: [
      above.length === 0 ? 'no stage above has a name' : `stages defined above: ${above.join(', ')}`,
      error.message,
    ],
    help: below ? `the stage "${reference}" must come before its use` : didYouMean(meant),
  };
}
