import type { Recipe } from '../../../cache/recipe.ts';
import type { ExecOp, PlannedMount } from '../../../plan/vertex.ts';
import type { StepLimits } from '../../../sandbox/step.ts';

/** What a RUN's key takes from the build as a whole, beside the op itself. */
export interface ExecSurroundings {
  /** Only the names count, not where they point. */
  readonly hostNames: readonly string[];
  readonly ulimits: StepLimits['ulimits'];
  /** Whether the build was given the secret or key of that id. */
  hasSecret(id: string): boolean;
  hasSsh(id: string): boolean;
  /** Content digest of what a bind mount shows. */
  bindContent(mount: PlannedMount): string;
}

/**
 * Everything the process of a RUN can see besides its filesystem. Proxy variables, secret values, limits
 * of memory and processor and the content of cache mounts stay out: they are not meant to change the result.
 */
export function execRecipe(op: ExecOp, surroundings: ExecSurroundings): Recipe {
  const parts: [string, string][] = [];
  for (const arg of op.args) parts.push(['command', arg]);
  const args = new Set(op.argNames);
  for (const [name, value] of op.env) parts.push([args.has(name) ? 'build-arg' : 'env', `${name}=${value}`]);
  parts.push(['cwd', op.cwd], ['user', op.user], ['hostname', op.hostname]);
  parts.push(['network', op.network], ['security', op.security]);
  for (const device of op.devices) parts.push(['device', `${device.name} ${device.required}`]);
  for (const name of surroundings.hostNames) parts.push(['add-host', name]);
  for (const { name, soft, hard } of surroundings.ulimits) parts.push(['ulimit', `${name}=${soft}:${hard}`]);
  if (op.script !== undefined) parts.push(['script', `${op.script.path}\n${op.script.text}`]);
  for (const mount of op.mounts) parts.push(['mount', mountPart(mount, surroundings)]);
  return { kind: 'exec', parts };
}

/** A value that reads as what it is and cannot be mistaken for another. */
function mountPart(mount: PlannedMount, surroundings: ExecSurroundings): string {
  return JSON.stringify(mountFields(mount, surroundings));
}

function mountFields(
  mount: PlannedMount,
  surroundings: ExecSurroundings,
): Readonly<Record<string, string | undefined>> {
  const { type, target } = mount;
  switch (type) {
    case 'bind':
      return { type, target, access: access(mount.isReadOnly), files: surroundings.bindContent(mount) };
    case 'cache': {
      const { id, from, source } = mount;
      const owner = mount.owner === undefined ? undefined : ownerWords(mount.owner);
      return { type, target, access: access(mount.isReadOnly), id, from, source, owner };
    }
    case 'tmpfs':
      return {
        type,
        target,
        access: mount.isReadOnly ? access(true) : undefined,
        size: mount.sizeBytes?.toString(),
      };
    case 'secret': {
      const given = presence(surroundings.hasSecret(mount.id), mount.isRequired);
      return { type, target, id: mount.id, env: mount.env, owner: ownerWords(mount), given };
    }
    case 'ssh': {
      const given = presence(surroundings.hasSsh(mount.id), mount.isRequired);
      return { type, target, id: mount.id, owner: ownerWords(mount), given };
    }
  }
}

/** What is required and missing fails the step: the result of one that went without it is no answer. */
function presence(isGiven: boolean, isRequired: boolean): string {
  if (isGiven) return 'given';
  return isRequired ? 'missing, and required' : 'missing';
}

function access(isReadOnly: boolean): string {
  return isReadOnly ? 'read-only' : 'read-write';
}

function ownerWords(owner: { readonly uid: number; readonly gid: number; readonly mode: number }): string {
  return `${owner.uid}:${owner.gid} ${owner.mode.toString(8)}`;
}
