/** What check, outline and targets have in common: they read a Dockerfile as a build does, and build nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Platform, parsePlatform, platformFromNode } from '../../core/platform.ts';
import type { Dockerfile } from '../../dockerfile/instruction.ts';
import type { PlanRequest } from '../../plan/plan.ts';
import { type InputIO, type InputOptions, openInputs } from '../inputs/inputs.ts';
import { parseInputs } from '../inputs/parse-inputs.ts';
import type { BuildOptions } from '../options.ts';
import { planRequest } from '../plan-request.ts';

export type CallOptions = InputOptions & Pick<BuildOptions, 'target' | 'buildArgs' | 'platforms'>;
export type CallIO = InputIO;

/** A Dockerfile as far as it could be read, and all that is needed to plan it. */
export interface Call {
  readonly dockerfile: Dockerfile;
  /** What planning is asked, once for each platform. */
  readonly requests: readonly [PlanRequest, ...PlanRequest[]];
}

/**
 * Opens what the options name. A context that has to be fetched is fetched aside and removed again.
 * @throws DockerfileError when the file has no stage; HostError, UsageError and RemoteError as `openInputs`
 */
export async function openCall(options: CallOptions, io: CallIO): Promise<Call> {
  const scratch: string[] = [];
  const makeScratch = () => {
    const directory = mkdtempSync(join(tmpdir(), 'strata-call-'));
    scratch.push(directory);
    return directory;
  };
  try {
    const inputs = await openInputs(options, io, makeScratch);
    const parsed = parseInputs(inputs);
    const host = platformFromNode(process.arch);
    const [first = host, ...others] = options.platforms.map((text) => parsePlatform(text, host));
    const request = (platform: Platform) => planRequest(options, inputs, parsed, platform);
    return { dockerfile: parsed.dockerfile, requests: [request(first), ...others.map(request)] };
  } finally {
    for (const directory of scratch) rmSync(directory, { recursive: true, force: true });
  }
}
