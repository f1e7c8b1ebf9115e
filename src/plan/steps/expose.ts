import { isIP } from 'node:net';
import { compareBytes } from '../../core/byte-path.ts';
import type { ListInstruction, Word } from '../../dockerfile/instruction.ts';
import { exposeFindings } from '../../dockerfile/lint/evaluated.ts';
import { commentHelp } from '../../dockerfile/problems/did-you-mean.ts';
import { expandFields } from '../../dockerfile/words/expand.ts';
import { goList } from '../image/go-text.ts';
import { holdsUnknown, lookupIn } from '../scope/stage-scope.ts';
import { lint, record, report, type StepContext } from './step-context.ts';

/**
 * EXPOSE: each word is expanded and split at blanks; the order is that of the words as written, sorted (spec 3.13).
 * Names without a value are not warned of: a word may come to no port at all.
 */
export function readExpose(context: StepContext, { words }: ListInstruction<'expose'>): void {
  const read = words.map((word) => ({ raw: word.raw, ports: portsOfWord(context, word) }));
  const ports = read.sort((a, b) => compareBytes(a.raw, b.raw)).flatMap((word) => word.ports);
  for (const port of ports) context.state.config.exposedPorts.add(port);
  record(context, `EXPOSE ${goList(ports)}`);
}

function portsOfWord(context: StepContext, word: Word): readonly string[] {
  const expanded = expandFields(word.raw, lookupIn(context.state.scope), context.escape);
  if (!expanded.ok) {
    report(context, 'expansion-failed', expanded.message, word.span, expanded.help);
    return [];
  }
  const known = expanded.values.filter((text) => !holdsUnknown(context.state.scope, text));
  return known.flatMap((text) => {
    for (const finding of exposeFindings(text)) lint(context, finding, word.span);
    const read = readPorts(text);
    if (read.ok) return read.ports;
    const help = word.raw.startsWith('#') ? commentHelp : 'want port[-port][/tcp|/udp|/sctp]';
    report(context, 'invalid-port', read.message, word.span, help);
    return [];
  });
}

type PortsRead =
  | { readonly ok: true; readonly ports: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** `[[ip:]hostport:]port[-port][/proto]` as one `port/proto` for each container port; nothing keeps the host's part. */
function readPorts(text: string): PortsRead {
  const [address = '', ...rest] = text.split('/');
  const protocol = (rest.join('/') || 'tcp').toLowerCase();
  const parts = address.split(':');
  const container = parts.pop() ?? '';
  const hostPort = parts.pop() ?? '';
  const ip = parts.join(':').replace(/^\[(.*)\]$/, '$1');
  if (container === '') return { ok: false, message: `no port specified: "${text}"` };
  if (!['tcp', 'udp', 'sctp'].includes(protocol))
    return { ok: false, message: `invalid proto: ${protocol} in "${text}"` };
  if (ip !== '' && (isIP(ip) === 0 || ip.includes('%')))
    return { ok: false, message: `invalid IP address: ${ip} in "${text}"` };
  const range = readRange(container);
  if (range === undefined) return { ok: false, message: `invalid containerPort: ${container} in "${text}"` };
  const hostRange = hostPort === '' ? range : readRange(hostPort);
  if (hostRange === undefined) return { ok: false, message: `invalid hostPort: ${hostPort} in "${text}"` };
  if (range.count !== 1 && hostRange.count !== range.count)
    return { ok: false, message: `as many host ports as container ports are needed in "${text}"` };
  return { ok: true, ports: Array.from({ length: range.count }, (_, i) => `${range.first + i}/${protocol}`) };
}

function readRange(text: string): { readonly first: number; readonly count: number } | undefined {
  const [, start, end = start] = /^(\+?[0-9]+)(?:-(\+?[0-9]+))?$/.exec(text) ?? [];
  if (start === undefined) return undefined;
  const first = Number(start);
  const last = Number(end);
  return first <= last && last <= 65535 ? { first, count: last - first + 1 } : undefined;
}
