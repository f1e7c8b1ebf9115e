/** Values inside flags and options, in the forms Go's standard library reads. */

/** `1 t T TRUE true True 0 f F FALSE false False`, nothing else. */
export function parseGoBoolean(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  return undefined;
}

const unitNanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** A Go duration (`1m30s`, `500ms`, `-1.5h`, `0`) in nanoseconds; undefined when it is none. */
export function parseGoDuration(text: string): number | undefined {
  const [, sign, body = ''] = /^([-+]?)(.*)$/su.exec(text) ?? [];
  if (body === '0') return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/u.test(body)) return undefined;
  let sum = 0;
  for (const [, number = '', unit = ''] of body.matchAll(/([\d.]+)([a-zµμ]+)/gu))
    sum += Number(number) * (unitNanoseconds[unit] ?? 0);
  const nanoseconds = Math.trunc(sum);
  if (nanoseconds > 2 ** 63 - 1) return undefined;
  return sign === '-' && nanoseconds !== 0 ? -nanoseconds : nanoseconds;
}

const binaryUnits = 'kmgtp';

/** A size in bytes with binary units: `128m`, `1.5g`, `64kib`, `100`; undefined when it is none. */
export function parseBinarySize(text: string): number | undefined {
  const [, number = '', unit = '', tail = ''] = /^(\d+\.?\d*|\.\d+) ?(?:([a-z])(ib|b)?)?$/i.exec(text) ?? [];
  if (number === '') return undefined;
  if (unit === '') return Math.trunc(Number(number));
  if (unit.toLowerCase() === 'b') return tail === '' ? Math.trunc(Number(number)) : undefined;
  const power = binaryUnits.indexOf(unit.toLowerCase()) + 1;
  return power === 0 ? undefined : Math.trunc(Number(number) * 1024 ** power);
}
