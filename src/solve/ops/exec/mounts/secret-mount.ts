import { StepError } from '../../../../core/errors.ts';
import { suggest } from '../../../../core/suggest.ts';
import type { PlannedMount } from '../../../../plan/vertex.ts';
import type { ExecSettings } from '../settings.ts';
import type { StepServices } from '../step-services.ts';
import type { OpenedMount } from './opened-mount.ts';

/**
 * RUN --mount=type=secret: a file, a variable, or both. One that was not given is left out.
 * @throws StepError `secret-not-found`
 */
export function openSecret(
  mount: PlannedMount & { type: 'secret' },
  { vertex, settings, onDetail }: StepServices,
): OpenedMount {
  const value = settings.secrets.get(mount.id);
  if (value === undefined) {
    const hint = missingSecretHint(mount.id, settings);
    if (mount.isRequired) {
      const word = `id=${mount.id}`;
      throw new StepError('secret-not-found', `secret ${mount.id}: not found`, { hint, word });
    }
    onDetail(`${vertex.label}: goes without the secret ${mount.id}: ${hint}`);
    return mount.env === undefined ? {} : { env: [mount.env, ''] };
  }
  const env =
    mount.env === undefined ? {} : { env: [mount.env, Buffer.from(value).toString('utf8')] as const };
  if (mount.target === undefined) return env;
  const { target, mode, uid, gid } = mount;
  return { ...env, mount: { type: 'file', target, content: value, mode, uid, gid } };
}

/** What the person may have meant instead: another id, or a variable that is set. */
function missingSecretHint(id: string, { secrets }: ExecSettings): string {
  if (secrets.has(id)) return `--secret id=${id} names a variable that is not set`;
  const meant = suggest(id, secrets.keys());
  const others = [...secrets.keys()].join(', ');
  if (meant !== undefined) return `did you mean ${meant}? The build was given ${others}`;
  const how = `give it with --secret id=${id},src=FILE or id=${id},env=NAME`;
  return others === '' ? how : `${how}; the build was given ${others}`;
}
