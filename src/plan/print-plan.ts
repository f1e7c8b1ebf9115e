import { printPlatform } from '../core/platform.ts';
import type { ImageDraft } from './image/draft.ts';
import type { Plan } from './plan.ts';
import type { ExecOp, Op, PlannedMount, SourceOrigin, Vertex } from './vertex.ts';

/** A plan as text, everything in it, one fact a line: for people and for tests that compare whole plans. */
export function printPlan(plan: Plan): string {
  const vertices = [...plan.vertices.values()].flatMap(printVertex);
  return [...vertices, `target ${plan.target ?? '(empty)'}`, ...printImage(plan.image)].join('\n');
}

function printVertex({ id, op, inputs, label, stage, ignoresCache }: Vertex): string[] {
  const [base, ...sources] = inputs;
  return [
    `${id}: ${label}`,
    ...(op.kind === 'image' ? [] : [`  on ${base ?? '(empty)'}`]),
    ...sources.map((source, index) => `  input ${index + 1} ${source ?? '(empty)'}`),
    `  stage ${stage}${ignoresCache ? ', cache ignored' : ''}`,
    ...printOp(op).map((line) => `  ${line}`),
  ];
}

function printOp(op: Op): string[] {
  switch (op.kind) {
    case 'image':
      return [`image ${op.reference} ${printPlatform(op.platform)}`];
    case 'mkdir':
      return [`mkdir ${op.path}${op.owner === '' ? '' : ` owner ${op.owner}`}`];
    case 'copy': {
      const { kind, instruction, origin, sources, heredocs, dest, ...rest } = op;
      const flags = Object.entries(rest).filter(([, value]) => value !== false && String(value) !== '');
      return [
        `${kind} ${JSON.stringify(sources)} from ${printOrigin(origin)} to ${JSON.stringify(dest)} (${instruction})`,
        ...heredocs.map(({ name, content }) => `file ${name} ${JSON.stringify(content)}`),
        ...flags.map(([name, value]) => `${name} ${JSON.stringify(value)}`),
      ];
    }
    case 'exec':
      return printExec(op);
  }
}

function printExec(op: ExecOp): string[] {
  return [
    `exec ${JSON.stringify(op.args)}`,
    `in ${op.cwd}${op.user === '' ? '' : ` as ${op.user}`}`,
    ...op.env.map(([name, value]) => `env ${name}=${JSON.stringify(value)}`),
    ...op.proxyEnv.map(([name, value]) => `proxy ${name}=${JSON.stringify(value)}`),
    ...op.mounts.map(printMount),
    ...(op.network === 'default' ? [] : [`network ${op.network}`]),
    ...(op.security === 'sandbox' ? [] : [`security ${op.security}`]),
    ...op.devices.map(({ name, required }) => `device ${name}${required ? ' required' : ''}`),
    ...(op.hostname === 'buildkitsandbox' ? [] : [`hostname ${op.hostname}`]),
    ...(op.script === undefined ? [] : [`script ${op.script.path} ${JSON.stringify(op.script.text)}`]),
  ];
}

function printMount({ origin, ...mount }: PlannedMount): string {
  return `mount ${JSON.stringify(mount)} from ${printOrigin(origin)}`;
}

function printOrigin(origin: SourceOrigin): string {
  switch (origin.kind) {
    case 'context':
      return origin.name === '' ? 'context' : `context ${origin.name}`;
    case 'input':
      return `input ${origin.index}`;
    case 'empty':
      return '(empty)';
  }
}

function printImage(image: ImageDraft): string[] {
  const { platform, osFeatures, author, config, base, history, epochSeconds } = image;
  return [
    `image ${printPlatform(platform)}${platform.osVersion === undefined ? '' : ` version ${platform.osVersion}`}`,
    ...(osFeatures === undefined ? [] : [`  os.features ${JSON.stringify(osFeatures)}`]),
    ...(author === undefined ? [] : [`  author ${JSON.stringify(author)}`]),
    ...(epochSeconds === undefined ? [] : [`  epoch ${epochSeconds}`]),
    ...Object.entries(config).map(([name, value]) => `  ${name} ${JSON.stringify(value)}`),
    ...(base === undefined ? [] : [`  base ${base.vertex}, ${base.diffIDs.length} layers`]),
    ...history.map(
      ({ createdBy, vertex }) =>
        `  history ${JSON.stringify(createdBy)}${vertex === undefined ? '' : ` = ${vertex}`}`,
    ),
  ];
}
