/** Seconds as a person reads them beside a step: `0.3s`, `75.0s`. */
export function printSeconds(milliseconds: number): string {
  return `${(Math.max(0, milliseconds) / 1000).toFixed(1)}s`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Bytes in powers of a thousand with three digits at most: `512B`, `1.05MB`, `31.4MB`. */
export function printBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)}${units[unit]}`;
}
