/** Linux signals as STOPSIGNAL may name them (signal(7)), without `SIG`. */
const names = new Set([
  ...['ABRT', 'ALRM', 'BUS', 'CHLD', 'CLD', 'CONT', 'FPE', 'HUP', 'ILL', 'INT', 'IO', 'IOT', 'KILL', 'PIPE'],
  ...['POLL', 'PROF', 'PWR', 'QUIT', 'SEGV', 'STKFLT', 'STOP', 'SYS', 'TERM', 'TRAP', 'TSTP', 'TTIN', 'TTOU'],
  ...['URG', 'USR1', 'USR2', 'VTALRM', 'WINCH', 'XCPU', 'XFSZ', 'RTMIN', 'RTMAX'],
]);

/** A number other than 0, or a name in any case, with `SIG` or without (spec 3.15). */
export function isSignal(text: string): boolean {
  if (/^[-+]?[0-9]+$/.test(text)) return Number(text) !== 0;
  const name = text.toUpperCase().replace(/^SIG/, '');
  if (names.has(name)) return true;
  const [, end, distance] = /^RT(MIN\+|MAX-)([0-9]+)$/.exec(name) ?? [];
  // There are 31 real-time signals; Go's table names the lower half after RTMIN and the upper after RTMAX.
  const last = end === 'MIN+' ? 15 : 14;
  return distance !== undefined && Number(distance) >= 1 && Number(distance) <= last;
}
