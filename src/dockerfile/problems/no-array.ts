/** Why text that opens like a JSON array of strings is none; undefined for text that does not look like one. */
export function whyNoArray(text: string): string | undefined {
  if (!/^\[\s*["']/.test(text)) return undefined;
  const end = text.lastIndexOf(']') + 1;
  if (end === 0) return 'its closing bracket is missing';
  if (/[[,]\s*'/.test(text)) return 'strings take double quotes';
  if (/"\s+"/.test(text)) return 'a comma is missing between two strings';
  if (/,\s*\]/.test(text)) return 'a comma stands before its closing bracket';
  if (/\\[^"\\/bfnrtu]/.test(text)) return 'a backslash in a string is written twice';
  if (end < text.length) return `"${text.slice(end).trim()}" stands behind its closing bracket`;
  return 'it is made of strings in double quotes, with commas between';
}
