import { compareBytes } from '../../core/byte-path.ts';
import type { ListInstruction, Word } from '../../dockerfile/instruction.ts';
import { exposeFindings } from '../../dockerfile/lint/evaluated.ts';
import { expandFields } from '../../dockerfile/words/expand.ts';
import { goList } from '../image/go-text.ts';
import { holdsUnknown, lookupIn } from '../scope/stage-scope.ts';
import { checkUnset, lint, record, report, type StepContext } from './step-context.ts';

/** EXPOSE: each word is expanded and split at blanks; the order is that of the words as written, sorted (spec 3.13). */
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
  checkUnset(context, expanded.unset, word);
  const known = expanded.values.filter((text) => !holdsUnknown(context.state.scope, text));
  return known.flatMap((text) => {
    for (const finding of exposeFindings(text)) lint(context, finding, word.span);
    const read = readPorts(text);
    if (read.ok) return read.ports;
    report(context, 'invalid-port', read.message, word.span, 'want port[-port][/tcp|/udp|/sctp]');
    return [];
  });
}

type PortsRead =
  | { readonly ok: true; readonly ports: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** `[[ip:]hostport:]port[-port][/proto]` as one `port/proto` for each container port. */
function readPorts(text: string): PortsRead {
  const [address = '', ...rest] = text.split('/');
  const protocol = (rest.join('/') || 'tcp').toLowerCase();
  const container = address.slice(address.lastIndexOf(':') + 1);
  if (container === '') return { ok: false, message: `no port specified: "${text}"` };
  if (!['tcp', 'udp', 'sctp'].includes(protocol))
    return { ok: false, message: `invalid proto: ${protocol} in "${text}"` };
  const [, first = '', last = first] = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(container) ?? [];
  const isRange = first !== '' && Number(first) <= Number(last) && Number(last) <= 65535;
  if (!isRange) return { ok: false, message: `invalid containerPort: ${container} in "${text}"` };
  const count = Number(last) - Number(first) + 1;
  return { ok: true, ports: Array.from({ length: count }, (_, i) => `${Number(first) + i}/${protocol}`) };
}
