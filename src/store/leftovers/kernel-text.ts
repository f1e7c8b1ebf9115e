import { readFileSync } from 'node:fs';

/** The text of a file of the kernel's, '' when its process is gone or not ours to look into. */
export function kernelText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
