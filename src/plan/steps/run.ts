import type { RunInstruction, Word } from '../../dockerfile/instruction.ts';
import { parseDevice } from '../../dockerfile/parse/device.ts';
import { heredocCommand } from '../../dockerfile/text/heredoc.ts';
import { proxyEnvironment } from '../scope/build-args.ts';
import { argBlock, runEnvironment } from '../scope/stage-scope.ts';
import type { ExecOp, VertexID } from '../vertex.ts';
import { shellOf, vectorOf } from './command.ts';
import { readMounts } from './mounts.ts';
import { record, report, type StepContext } from './step-context.ts';

/** RUN (spec 3.5). */
export function readRun(context: StepContext, instruction: RunInstruction): void {
  const { request, state } = context;
  const payload = heredocCommand(instruction);
  const scriptPath = payload.kind === 'script' ? `/dev/pipes/${payload.name}` : '';
  const args =
    payload.kind === 'script' ? [...shellOf(context), scriptPath] : vectorOf(context, payload.command);
  if (args.length === 0) {
    report(context, 'empty-command', 'RUN [] names no program to run', instruction.span);
    return;
  }
  const env = runEnvironment(state.scope);
  const sources: VertexID[] = [];
  const { mounts, agentSocket } = readMounts(context, instruction.mounts, sources);
  const op: ExecOp = {
    kind: 'exec',
    args,
    env: withAgent(env, agentSocket),
    argNames: env.map(([name]) => name).filter((name) => !state.scope.env.has(name)),
    proxyEnv: proxyEnvironment(request.buildArgs),
    cwd: state.config.workingDir === '' ? '/' : state.config.workingDir,
    user: state.config.user,
    mounts,
    network: networkOf(instruction.network, request.network),
    security: instruction.security?.raw === 'insecure' ? 'insecure' : 'sandbox',
    devices: instruction.devices.flatMap((word) => readDevice(context, word)),
    hostname: request.buildArgs.get('BUILDKIT_SANDBOX_HOSTNAME') ?? 'buildkitsandbox',
    ...(payload.kind === 'script' ? { script: { path: scriptPath, text: payload.text } } : {}),
  };
  const createdBy = ['RUN', ...argBlock(state.scope), ...args, '# buildkit'].join(' ');
  record(context, createdBy, context.addVertex(op, sources));
}

/** SSH_AUTH_SOCK is the first ssh mount, there or not, unless the Dockerfile says otherwise. */
function withAgent(env: ExecOp['env'], socket: string | undefined): ExecOp['env'] {
  const name = 'SSH_AUTH_SOCK';
  return socket === undefined || env.some(([known]) => known === name) ? env : [...env, [name, socket]];
}

/** `default` is whatever the build was told to use. */
function networkOf(word: Word | undefined, fallback: ExecOp['network']): ExecOp['network'] {
  return word?.raw === 'none' || word?.raw === 'host' ? word.raw : fallback;
}

function readDevice(context: StepContext, word: Word): ExecOp['devices'] {
  const read = parseDevice(word.raw);
  if (read.ok) return [read.device];
  report(context, 'bad-device', read.message, word.span, read.help);
  return [];
}
