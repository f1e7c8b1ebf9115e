/** What the options of a build mean for its RUN steps. */
import { UsageError } from '../../core/errors.ts';
import type { ExecSettings } from '../../solve/ops/exec/settings.ts';
import type { BuildSession } from '../session.ts';
import { failureShell } from '../shell/failure-shell.ts';

/** @throws UsageError `bad-add-host`, `bad-ulimit` */
export function execSettings({ options, io, secrets, imports, sandbox, ssh }: BuildSession): ExecSettings {
  const { addHosts, ulimits, resources, shmSizeBytes, cgroupParent, stepTimeoutMs } = options.run;
  return {
    root: options.root,
    fillCacheMount: imports.fillMount,
    sandbox,
    hosts: addHosts.map(readHost),
    limits: { ...resources, shmSizeBytes, cgroupParent, ulimits: ulimits.map(readUlimit) },
    secrets,
    ssh,
    stepTimeoutMs,
    shown: () => io.shown?.(),
    onFailure: options.failureShell === undefined ? undefined : failureShell(options.failureShell, io),
    allows: (entitlement) => options.allow.includes(entitlement),
  };
}

/** `name:address` or `name=address`; an IPv6 address may stand in brackets, and `host-gateway` is the host. */
function readHost(text: string): readonly [name: string, address: string] {
  const [, name, bracketed, plain] =
    /^([^:=]+)[:=](?:\[([0-9A-Fa-f:.]+)\]|([0-9A-Fa-f:.]+|host-gateway))$/.exec(text) ?? [];
  const address = bracketed ?? plain;
  if (name !== undefined && address !== undefined) return [name, address];
  throw new UsageError('bad-add-host', `--add-host ${text}: want name:address`, {
    hint: 'for example --add-host db.internal:10.0.0.5',
  });
}

/** `name=soft[:hard]`; -1 is no limit. */
function readUlimit(text: string): { name: string; soft: number; hard: number } {
  const [, name, soft, hard] = /^([a-z]+)=(-?[0-9]+)(?::(-?[0-9]+))?$/.exec(text) ?? [];
  if (name !== undefined) return { name, soft: Number(soft), hard: Number(hard ?? soft) };
  throw new UsageError('bad-ulimit', `--ulimit ${text}: want name=soft[:hard]`, {
    hint: 'for example --ulimit nofile=1024:4096',
  });
}
