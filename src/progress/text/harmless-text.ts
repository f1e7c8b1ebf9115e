/**
 * What a build step prints is not trusted with the terminal of the person who watches: it must not move the
 * cursor, set the title or hide text. Colours (SGR) may pass, or are taken out where none are wanted.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
const controls = /\x1b\[([0-?]*[ -/]*[@-~])|[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;
const color = /^[0-9;:]*m$/;
const reset = '\x1b[0m';

/**
 * One line of text with its control characters made harmless: tabs and colours stay, cursor and erase
 * sequences vanish (they say nothing in a log), all others become visible pictures. A line that sets a
 * colour ends it.
 */
export function harmlessText(line: string, keepsColors = true): string {
  let colored = false;
  const text = line.replace(controls, (match, sequence?: string) => {
    if (sequence !== undefined) {
      if (!keepsColors || !color.test(sequence)) return '';
      colored = match !== reset && match !== '\x1b[m';
      return match;
    }
    const code = match.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
  return colored ? text + reset : text;
}

/** Each line of a text as `harmlessText` makes it. */
export function harmlessLines(text: string, keepsColors: boolean): string {
  return text
    .split('\n')
    .map((line) => harmlessText(line, keepsColors))
    .join('\n');
}
