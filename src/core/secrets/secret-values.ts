/**
 * The shapes in which the value of a secret turns up where it should not: as it is, line by line, and in
 * base64, alone or in the middle of something longer. Text has one character per byte ('latin1').
 */

/** Shorter values are not masked: they stand in every other line by chance. */
const shortestMasked = 4;
/** Shorter values are not sought in layers, for a find fails the build. */
const shortestSought = 6;
/** Longer ones are masked piece by piece: so much at most is held back at the end of a chunk. */
const longestMasked = 1024;

/** What a log must not show, longest first. */
export function maskedForms(value: Uint8Array): string[] {
  const text = Buffer.from(value).toString('latin1');
  const trimmed = text.trim();
  const whole = base64Forms(text, 'whole');
  const found = [
    trimmed,
    ...trimmed.split(/\r?\n/).map((line) => line.trim()),
    ...base64Forms(trimmed, 'inside'),
    // base64(1) and PEM break lines.
    ...whole.flatMap((form) => [form, ...pieces(form, 76), ...pieces(form, 64)]),
  ];
  const bounded = found.flatMap((form) =>
    form.length > longestMasked ? pieces(form, longestMasked) : [form],
  );
  return longestFirst(bounded.filter((form) => form.trim().length >= shortestMasked));
}

/** What a layer must not hold: the value and its base64, wherever it stands in what was encoded. */
export function soughtForms(value: Uint8Array): string[] {
  const trimmed = Buffer.from(value).toString('latin1').trim();
  if (trimmed.length < shortestSought) return [];
  return longestFirst([trimmed, ...base64Forms(trimmed, 'inside')]);
}

/**
 * `whole`: the encoding of just this. `inside`: the characters that depend on nothing but this, for each of
 * the three ways it can lie in groups of three bytes.
 */
function base64Forms(text: string, where: 'whole' | 'inside'): string[] {
  const shifts = where === 'whole' ? [0] : [0, 1, 2];
  return shifts.flatMap((shift) => {
    const bytes = Buffer.from('\0'.repeat(shift) + text, 'latin1');
    const encoded = bytes.toString('base64');
    const form =
      where === 'whole'
        ? encoded
        : encoded.slice(Math.ceil((shift * 8) / 6), Math.floor((bytes.length * 8) / 6));
    return [form, form.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

function pieces(text: string, length: number): string[] {
  if (text.length <= length) return [];
  return Array.from({ length: Math.ceil(text.length / length) }, (_, index) =>
    text.slice(index * length, (index + 1) * length),
  );
}

function longestFirst(forms: readonly string[]): string[] {
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}
