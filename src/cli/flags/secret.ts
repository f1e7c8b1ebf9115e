import type { SecretSpec, SshSpec } from '../../build/options.ts';
import { UsageError } from '../../core/errors.ts';
import { readKeys } from './csv.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `--secret id=ID[,src=FILE|,env=NAME][,type=file|env]`. Without a source the secret is the
 * environment variable of its name, or else the file.
 *
 * @throws UsageError `bad-secret` and those of `readKeys`
 */
export function parseSecret(text: string, environment: Environment): SecretSpec {
  const given = readKeys('--secret', text, ['id', 'src', 'source', 'env', 'type'] as const);
  const { id, env, type } = given;
  const bad = (why: string, hint: string) =>
    new UsageError('bad-secret', `--secret ${text}: ${why}`, { hint });
  if (id === undefined) throw bad('id is missing', 'for example id=token,src=token.txt');
  if (type !== undefined && type !== 'file' && type !== 'env') {
    throw bad(`unknown type "${type}"`, 'the types are file and env');
  }
  if (given.src !== undefined && given.source !== undefined) {
    throw bad('src and source are the same', 'give one of them');
  }
  const source = given.src ?? given.source;
  if (source !== undefined && env !== undefined) throw bad('src and env are both given', 'give one of them');
  if (env !== undefined) return { id, env };
  if (source !== undefined) return type === 'env' ? { id, env: source } : { id, source };
  const isVariable = type === 'env' || (type === undefined && environment[id] !== undefined);
  return isVariable ? { id, env: id } : { id, source: id };
}

/**
 * Reads `--ssh default|ID[=SOCKET|KEY[,KEY]]`.
 * @throws UsageError `bad-ssh`
 */
export function parseSsh(text: string): SshSpec {
  const equals = text.indexOf('=');
  const id = equals < 0 ? text : text.slice(0, equals);
  const paths = equals < 0 ? [] : text.slice(equals + 1).split(',');
  if (id === '' || paths.includes('')) {
    throw new UsageError('bad-ssh', `--ssh ${text}: ${id === '' ? 'the id' : 'a path'} is empty`, {
      hint: 'for example --ssh default or --ssh deploy=$HOME/.ssh/id_ed25519',
    });
  }
  return { id, paths };
}
