import { join } from 'node:path';
import { StepError } from '../../../../core/errors.ts';
import type { PlannedMount } from '../../../../plan/vertex.ts';
import { openAgentDoor } from '../../../../sandbox/agent-door.ts';
import type { StepServices } from '../step-services.ts';
import type { OpenedMount } from './opened-mount.ts';

/**
 * RUN --mount=type=ssh: the socket of an agent. One that was not given is left out.
 * @throws StepError `ssh-not-found`
 */
export async function openAgent(
  mount: PlannedMount & { type: 'ssh' },
  { settings, origins }: StepServices,
): Promise<OpenedMount> {
  const agent = await settings.ssh.socket(mount.id);
  if (agent !== undefined) {
    const path = join(origins.scratch(), 'agent');
    const door = await openAgentDoor(agent, path, mount);
    const { target } = mount;
    return { mount: { type: 'bind', source: path, target, isReadOnly: true }, release: door.close };
  }
  if (!mount.isRequired) return {};
  throw new StepError('ssh-not-found', `ssh ${mount.id}: no agent or key was given`, {
    hint: `give one with --ssh ${mount.id} or --ssh ${mount.id}=KEYFILE`,
    word: `id=${mount.id}`,
  });
}
