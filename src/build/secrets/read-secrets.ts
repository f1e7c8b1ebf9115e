/** The secrets of a build: where their values come from, and that no layer may hold them. */
import { readFileSync } from 'node:fs';
import { bytePathToText } from '../../core/byte-path.ts';
import { StepError, systemCode, UsageError } from '../../core/errors.ts';
import { soughtForms } from '../../core/secrets/secret-values.ts';
import type { RefusedContent } from '../../layer/refuse-content.ts';
import type { BuildIO, SecretSpec } from '../options.ts';

/** By id. Undefined when the environment has no such variable: then the secret is missing. */
export type SecretValues = ReadonlyMap<string, Uint8Array | undefined>;

/** @throws UsageError `secret-unreadable` */
export function readSecrets(specs: readonly SecretSpec[], { env }: Pick<BuildIO, 'env'>): SecretValues {
  return new Map(specs.map((spec) => [spec.id, readSecret(spec, env)]));
}

/** What layers of this build are searched for; finding it is a StepError `secret-in-layer`. */
export function refusedSecrets(secrets: SecretValues): RefusedContent[] {
  return [...secrets].flatMap(([id, value]) =>
    soughtForms(value ?? new Uint8Array()).map((form) => ({
      bytes: Buffer.from(form, 'latin1'),
      refusal: (path) =>
        new StepError('secret-in-layer', `/${bytePathToText(path)} holds the value of the secret ${id}`, {
          hint: 'whoever gets the image could read it: remove the file in the same RUN, or do not write it, or use the secret from its mount only',
        }),
    })),
  );
}

function readSecret(spec: SecretSpec, env: BuildIO['env']): Uint8Array | undefined {
  if ('env' in spec) {
    const value = env[spec.env];
    return value === undefined ? undefined : Buffer.from(value);
  }
  try {
    return readFileSync(spec.source);
  } catch (cause) {
    const why = systemCode(cause) ?? (cause as Error).message;
    throw new UsageError(
      'secret-unreadable',
      `--secret id=${spec.id}: cannot read "${spec.source}": ${why}`,
      {
        hint: 'src=FILE is a file of this machine; env=NAME takes the value of a variable',
        cause,
      },
    );
  }
}
