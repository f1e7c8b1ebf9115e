import type { ExecOp } from '../../../plan/vertex.ts';
import type { OpRunner } from '../../op-runner.ts';
import type { OriginServices } from '../files/origin.ts';
import { checkEntitlements } from './entitlements.ts';
import { boundFiles, mountedFiles } from './mounts/mounted-files.ts';
import { execRecipe } from './recipe.ts';
import { runExec, type StepListener } from './run.ts';
import type { ExecSettings } from './settings.ts';
import type { StepServices } from './step-services.ts';

/** RUN: what it changes is a snapshot, and all it can see counts for its key. */
export function execRunner(
  origins: OriginServices,
  settings: ExecSettings,
  listener: StepListener,
): OpRunner<ExecOp> {
  const filesOf = mountedFiles(origins);

  return {
    async recipe(vertex, context) {
      const bound = await boundFiles(vertex, filesOf, context);
      if (bound === undefined) return undefined;
      const recipe = execRecipe(vertex.op, {
        hostNames: settings.hosts.map(([name]) => name),
        ulimits: settings.limits.ulimits,
        hasSecret: (id) => settings.secrets.get(id) !== undefined,
        hasSsh: settings.ssh.has,
        bindContent: (mount) => bound.digests.get(mount) ?? '',
      });
      return { ...recipe, notes: bound.notes };
    },
    async prepare(vertex, below, context) {
      checkEntitlements(vertex.op, settings);
      warmUp(vertex.op, settings);
      await origins.layers.ensureFiles(below, context.signal);
      const services: StepServices = {
        vertex,
        settings,
        context,
        origins,
        chosen: (mount) => filesOf(vertex, mount),
        onDetail: (text) => listener.emit({ type: 'note', text, isDetail: true, at: listener.now() }),
      };
      return () => runExec(below, services, listener);
    },
  };
}

/** Opens what the step will need while the files it stands on are put in place; it meets any failure itself. */
function warmUp({ network }: ExecOp, settings: ExecSettings): void {
  settings.sandbox().then(
    ({ networks }) => {
      if (network === 'default') networks.prepare();
    },
    () => {},
  );
}
